from shared.events.traits import TraitChanged
from shared.uow import UnitOfWork
from tasks_api.records.traits import service


async def on_trait_changed(uow: UnitOfWork, event: TraitChanged) -> None:
    await service.copy_trait(uow, event)
