"""What is written back when records change here."""

from shared.events.accounts import OpportunityChanged
from shared.uow import UnitOfWork
from sync_worker.crm_sync.write_backs import service


async def on_opportunity_changed(uow: UnitOfWork, event: OpportunityChanged) -> None:
    await service.want_written(uow, event)
