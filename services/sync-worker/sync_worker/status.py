"""What is due in a workspace, for `GET /v1/status`."""

from shared.uow import UnitOfWork
from sync_worker.mailbox import service as mailbox
from sync_worker.runs import service as runs
from sync_worker.webhook_deliveries import service as webhook_deliveries
from sync_worker.write_backs import service as write_backs


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    return {
        "running_runs": await runs.count_open(uow),
        "mailbox_backlog": await mailbox.backlog(uow),
        "pending_write_backs": await write_backs.count_due(uow),
        "due_webhooks": await webhook_deliveries.count_due(uow),
    }
