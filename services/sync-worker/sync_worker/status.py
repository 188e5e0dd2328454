"""What is due in a workspace, for `GET /v1/status`."""

from shared.uow import UnitOfWork
from sync_worker.crm_sync.write_backs import service as write_backs
from sync_worker.mail.mailbox import service as mailbox
from sync_worker.partners.webhook_deliveries import service as webhook_deliveries
from sync_worker.runner.runs import service as runs


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    return {
        "running_runs": await runs.count_open(uow),
        "mailbox_backlog": await mailbox.backlog(uow),
        "pending_write_backs": await write_backs.count_due(uow),
        "due_webhooks": await webhook_deliveries.count_due(uow),
    }
