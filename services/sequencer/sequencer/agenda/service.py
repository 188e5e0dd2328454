"""Whatever changes about a record, or falls due for it, ends as one row here; `entry` works it off.

Rows of one record become one row, so fifty changes are looked at once, in whatever order they came.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from sequencer.agenda import queries
from shared.events.base import Cause
from shared.service import Service
from shared.uow import UnitOfWork

_WORKSPACES_AT_ONCE = 50


async def look_again(
    uow: UnitOfWork, record_ids: Collection[UUID], at: datetime | None = None
) -> None:
    """Now, or when workspace time reaches `at`; the earlier of two instants stands."""
    if not record_ids:
        return
    await queries.put(
        uow.session,
        uow.workspace_id,
        record_ids,
        at or await uow.now(),
        to_json(list(uow.cause)).decode(),
    )
    if at is None:
        uow.wake_worker()


async def workspaces_with_due_records(service: Service) -> list[UUID]:
    async with service.units.across_workspaces() as session:
        return await queries.workspaces_with_due_records(session, _WORKSPACES_AT_ONCE)


async def take(uow: UnitOfWork, limit: int) -> dict[UUID, tuple[Cause, ...]]:
    """Records that are due, with what made them so. Taken means: gone when this commits."""
    taken = await queries.take(uow.session, uow.workspace_id, await uow.now(), limit)
    return {
        record_id: tuple(Cause.model_validate(link) for link in cause) for record_id, cause in taken
    }


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_due(uow.session, uow.workspace_id, await uow.now())
