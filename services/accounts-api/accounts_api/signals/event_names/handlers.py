from accounts_api.signals.event_names import service
from shared.events.product_events import ProductEventsWatched
from shared.uow import UnitOfWork


async def on_product_events_watched(uow: UnitOfWork, event: ProductEventsWatched) -> None:
    """What a watcher of another service watches is published from now on."""
    await service.watch(uow, f"{event.service}:{event.watcher}", event.names)
