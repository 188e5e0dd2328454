from shared.events.signals.indicators import (
    IndicatorCleared,
    IndicatorOpened,
    IndicatorReassigned,
    IndicatorReopened,
)
from shared.uow import UnitOfWork
from tasks_api.work.indicator_tasks import service


async def on_indicator_opened(uow: UnitOfWork, event: IndicatorOpened) -> None:
    await service.follow_opening(uow, event)


async def on_indicator_reopened(uow: UnitOfWork, event: IndicatorReopened) -> None:
    await service.follow_opening(uow, event)


async def on_indicator_reassigned(uow: UnitOfWork, event: IndicatorReassigned) -> None:
    owners = event.previous_owner_id, event.owner_id
    await service.follow_owner(uow, event.indicator_id, event.version, *owners)


async def on_indicator_cleared(uow: UnitOfWork, event: IndicatorCleared) -> None:
    await service.follow_end(uow, event.indicator_id, event.version)
