"""Whatever changes about a record, or falls due for it, ends as one row here; `entry` works it off.

Rows of one record become one row, so fifty changes are looked at once, in whatever order they came.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from sequencer.replica import service as records
from sequencer.sequences.reevaluation_queue import queries
from sequencer.sequences.reevaluation_queue.queries import count_due, count_quarantined, take
from shared.batches import reason_of
from shared.events.sequences import OpportunityQuarantined, OpportunityReleased
from shared.quiet import aloud
from shared.service import Service
from shared.uow import UnitOfWork

__all__ = ["count_due", "count_quarantined", "take"]

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
    cause = to_json(list(uow.cause)).decode()
    await queries.put(uow, opportunity_ids, at or await uow.now(), cause)
    if at is None:
        uow.wake_worker()


async def wake(uow: UnitOfWork, opportunity_ids: Collection[UUID], at: datetime) -> None:
    """When workspace time reaches `at`: by then time is the cause, and what was quiet is past."""
    before, uow.cause = uow.cause, aloud(uow.cause)
    await enqueue(uow, opportunity_ids, at)
    uow.cause = before


async def workspaces_with_due_opportunities(service: Service) -> list[UUID]:
    async with service.units.across_workspaces() as scope:
        return await queries.workspaces_with_due_opportunities(scope, _WORKSPACES_AT_ONCE)


async def quarantine(uow: UnitOfWork, opportunity_id: UUID, error: Exception) -> None:
    """It could not be evaluated. Others learn of it once; it is tried again ever less often."""
    reason = reason_of(error)
    failures = await queries.quarantine(uow, opportunity_id, reason)
    wait = min(_AGAIN * 2 ** min(failures - 1, 10), _LATEST)
    await enqueue(uow, [opportunity_id], await uow.now() + wait)
    if failures == 1:
        opportunity = (await records.opportunities(uow, [opportunity_id])).get(opportunity_id)
        uow.publish(
            OpportunityQuarantined(
                opportunity_id=opportunity_id,
                opportunity_name=opportunity.name if opportunity else None,
                account_id=opportunity.account_id if opportunity else None,
                detail=reason,
            )
        )


async def release(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> None:
    """They were evaluated: those in quarantine leave it."""
    for opportunity_id in await queries.release(uow, opportunity_ids):
        uow.publish(OpportunityReleased(opportunity_id=opportunity_id))
