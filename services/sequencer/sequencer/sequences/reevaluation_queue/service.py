"""Whatever changes about a record, or falls due for it, ends as one row here; `entry` works it off.

Rows of one record become one row, so fifty changes are looked at once, in whatever order they came.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from sequencer.replica import service as records
from sequencer.sequences.reevaluation_queue import queries
from shared.batches import reason_of
from shared.events.sequences import OpportunityQuarantined, OpportunityReleased
from shared.service import Service
from shared.uow import UnitOfWork

_WORKSPACES_AT_ONCE = 50
_AGAIN = timedelta(minutes=15)
_LATEST = timedelta(days=1)
"""How long after its first failure a record is tried again, and at most."""


async def enqueue(
    uow: UnitOfWork, opportunity_ids: Collection[UUID], at: datetime | None = None
) -> None:
    """Now, or when workspace time reaches `at`; the earlier of two instants stands."""
    if not opportunity_ids:
        return
    await queries.put(
        uow.session,
        uow.workspace_id,
        opportunity_ids,
        at or await uow.now(),
        to_json(list(uow.cause)).decode(),
    )
    if at is None:
        uow.wake_worker()


async def workspaces_with_due_opportunities(service: Service) -> list[UUID]:
    async with service.units.across_workspaces() as scope:
        return await queries.workspaces_with_due_opportunities(scope.session, _WORKSPACES_AT_ONCE)


async def take(uow: UnitOfWork, limit: int) -> dict[UUID, list[dict[str, str]]]:
    """Records that are due, with what made them so. Taken means: gone when this commits."""
    return dict(await queries.take(uow.session, uow.workspace_id, await uow.now(), limit))


async def quarantine(uow: UnitOfWork, opportunity_id: UUID, error: Exception) -> None:
    """It could not be evaluated. Others learn of it once; it is tried again ever less often."""
    now = await uow.now()
    reason = reason_of(error)
    failures = await queries.quarantine(uow.session, uow.workspace_id, opportunity_id, reason, now)
    await enqueue(uow, [opportunity_id], now + min(_AGAIN * 2 ** min(failures - 1, 10), _LATEST))
    if failures == 1:
        found = (await records.opportunities(uow, [opportunity_id])).get(opportunity_id)
        uow.publish(
            OpportunityQuarantined(
                opportunity_id=opportunity_id,
                opportunity_name=found.name if found else None,
                account_id=found.account_id if found else None,
                detail=reason,
            )
        )


async def release(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> None:
    """They were evaluated: those in quarantine leave it."""
    for opportunity_id in await queries.release(uow.session, uow.workspace_id, opportunity_ids):
        uow.publish(OpportunityReleased(opportunity_id=opportunity_id))


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_due(uow.session, uow.workspace_id, await uow.now())


async def count_quarantined(uow: UnitOfWork) -> int:
    return await queries.count_quarantined(uow.session, uow.workspace_id)
