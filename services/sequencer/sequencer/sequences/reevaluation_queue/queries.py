from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PUT = text(
    """
    insert into reevaluation_queue (workspace_id, opportunity_id, due_at, cause)
    select :workspace_id, r.id, :due_at, cast(:cause as jsonb)
    from unnest(cast(:opportunity_ids as uuid[])) as r(id)
    on conflict (workspace_id, opportunity_id) do update
    set due_at = excluded.due_at, cause = excluded.cause
    where excluded.due_at < reevaluation_queue.due_at
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
        select q.due_at from reevaluation_queue q
        where q.workspace_id = w.workspace_id and q.due_at <= w.now
        order by q.due_at limit 1
    ) due
    order by due.due_at
    limit :limit
    """
)
_TAKE = text(
    """
    delete from reevaluation_queue
    where workspace_id = :workspace_id and opportunity_id in (
        select opportunity_id from reevaluation_queue
        where workspace_id = :workspace_id and due_at <= :now
        order by due_at limit :limit
        for update skip locked)
    returning opportunity_id, cause
    """
)
_COUNT = text(
    "select count(*) from reevaluation_queue where workspace_id = :workspace_id and due_at <= :now"
)
_COUNT_QUARANTINED = text(
    "select count(*) from quarantined_opportunities where workspace_id = :workspace_id"
)
_QUARANTINE = text(
    """
    insert into quarantined_opportunities (workspace_id, opportunity_id, reason, failures, since)
    values (:workspace_id, :opportunity_id, :reason, 1, :now)
    on conflict (workspace_id, opportunity_id) do update
    set failures = quarantined_opportunities.failures + 1, reason = excluded.reason
    returning failures
    """
)
_RELEASE = text(
    "delete from quarantined_opportunities"
    " where workspace_id = :workspace_id and opportunity_id = any(:opportunity_ids)"
    " returning opportunity_id"
)


async def put(
    session: AsyncSession,
    workspace_id: UUID,
    opportunity_ids: Collection[UUID],
    due_at: datetime,
    cause: str,
) -> None:
    await session.execute(
        _PUT,
        {
            "workspace_id": workspace_id,
            "opportunity_ids": sorted(opportunity_ids),
            "due_at": due_at,
            "cause": cause,
        },
    )


async def workspaces_with_due_opportunities(session: AsyncSession, limit: int) -> list[UUID]:
    return list(await session.scalars(_WORKSPACES, {"limit": limit}))


async def take(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> list[tuple[UUID, list[dict[str, str]]]]:
    rows = await session.execute(_TAKE, {"workspace_id": workspace_id, "now": now, "limit": limit})
    return [(row.opportunity_id, row.cause) for row in rows]


async def count_due(session: AsyncSession, workspace_id: UUID, now: datetime) -> int:
    found = await session.execute(_COUNT, {"workspace_id": workspace_id, "now": now})
    return int(found.scalar_one())


async def count_quarantined(session: AsyncSession, workspace_id: UUID) -> int:
    found = await session.execute(_COUNT_QUARANTINED, {"workspace_id": workspace_id})
    return int(found.scalar_one())


async def quarantine(
    session: AsyncSession, workspace_id: UUID, opportunity_id: UUID, reason: str, now: datetime
) -> int:
    """How often it has failed now."""
    given = {
        "workspace_id": workspace_id,
        "opportunity_id": opportunity_id,
        "reason": reason,
        "now": now,
    }
    return int((await session.execute(_QUARANTINE, given)).scalar_one())


async def release(
    session: AsyncSession, workspace_id: UUID, opportunity_ids: Collection[UUID]
) -> list[UUID]:
    """Those that are quarantined."""
    given = {"workspace_id": workspace_id, "opportunity_ids": list(opportunity_ids)}
    return list(await session.scalars(_RELEASE, given))
