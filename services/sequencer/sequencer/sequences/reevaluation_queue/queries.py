from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PUT = text(
    """
    insert into agenda (workspace_id, record_id, due_at, cause)
    select :workspace_id, r.id, :due_at, cast(:cause as jsonb)
    from unnest(cast(:record_ids as uuid[])) as r(id)
    on conflict (workspace_id, record_id) do update
    set due_at = excluded.due_at, cause = excluded.cause
    where excluded.due_at < agenda.due_at
    """
)
# A limit in the lateral part makes PostgreSQL look into the index once per workspace, so the cost
# follows the number of workspaces and not that of rows.
_WORKSPACES = text(
    """
    with places as materialized (
        select workspace_id, coalesce(frozen_at, clock_timestamp()) as now from workspaces)
    select w.workspace_id
    from places w
    cross join lateral (
        select a.due_at from agenda a
        where a.workspace_id = w.workspace_id and a.due_at <= w.now
        order by a.due_at limit 1
    ) due
    order by due.due_at
    limit :limit
    """
)
_TAKE = text(
    """
    delete from agenda
    where workspace_id = :workspace_id and record_id in (
        select record_id from agenda
        where workspace_id = :workspace_id and due_at <= :now
        order by due_at limit :limit
        for update skip locked)
    returning record_id, cause
    """
)
_COUNT = text("select count(*) from agenda where workspace_id = :workspace_id and due_at <= :now")
_COUNT_SET_ASIDE = text("select count(*) from set_aside_records where workspace_id = :workspace_id")
_SET_ASIDE = text(
    """
    insert into set_aside_records (workspace_id, record_id, reason, failures, since)
    values (:workspace_id, :record_id, :reason, 1, :now)
    on conflict (workspace_id, record_id) do update
    set failures = set_aside_records.failures + 1, reason = excluded.reason
    returning failures
    """
)
_TAKE_UP = text(
    "delete from set_aside_records"
    " where workspace_id = :workspace_id and record_id = any(:record_ids) returning record_id"
)


async def put(
    session: AsyncSession,
    workspace_id: UUID,
    record_ids: Collection[UUID],
    due_at: datetime,
    cause: str,
) -> None:
    await session.execute(
        _PUT,
        {
            "workspace_id": workspace_id,
            "record_ids": sorted(record_ids),
            "due_at": due_at,
            "cause": cause,
        },
    )


async def workspaces_with_due_records(session: AsyncSession, limit: int) -> list[UUID]:
    return list(await session.scalars(_WORKSPACES, {"limit": limit}))


async def take(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> list[tuple[UUID, list[dict[str, str]]]]:
    rows = await session.execute(_TAKE, {"workspace_id": workspace_id, "now": now, "limit": limit})
    return [(row.record_id, row.cause) for row in rows]


async def count_due(session: AsyncSession, workspace_id: UUID, now: datetime) -> int:
    found = await session.execute(_COUNT, {"workspace_id": workspace_id, "now": now})
    return int(found.scalar_one())


async def count_set_aside(session: AsyncSession, workspace_id: UUID) -> int:
    found = await session.execute(_COUNT_SET_ASIDE, {"workspace_id": workspace_id})
    return int(found.scalar_one())


async def set_aside(
    session: AsyncSession, workspace_id: UUID, record_id: UUID, reason: str, now: datetime
) -> int:
    """How often it has failed now."""
    given = {"workspace_id": workspace_id, "record_id": record_id, "reason": reason, "now": now}
    return int((await session.execute(_SET_ASIDE, given)).scalar_one())


async def take_up(
    session: AsyncSession, workspace_id: UUID, record_ids: Collection[UUID]
) -> list[UUID]:
    """Those that were set aside."""
    given = {"workspace_id": workspace_id, "record_ids": list(record_ids)}
    return list(await session.scalars(_TAKE_UP, given))
