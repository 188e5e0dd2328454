from accounts_api.customers.trait_usages import service
from shared.events.tasks import TraitCleared
from shared.uow import UnitOfWork


async def on_trait_cleared(uow: UnitOfWork, event: TraitCleared) -> None:
    await service.remove_cleared(uow, event.id)
