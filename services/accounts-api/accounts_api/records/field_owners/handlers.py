from accounts_api.records.field_owners import service
from shared.events.sync import FieldOwnersChanged
from shared.uow import UnitOfWork


async def on_field_owners_changed(uow: UnitOfWork, event: FieldOwnersChanged) -> None:
    await service.keep(uow, event)
