from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.data import Transaction
from shared.uow import UnitOfWork

# What an import brings is not done as if a person had asked for it a moment before or after: of two
# causes the quiet one stands.
_PUT = text(
    """
    insert into reevaluation_queue as q (workspace_id, opportunity_id, due_at, cause)
    select :workspace_id, o.id, :due_at, cast(:cause as jsonb)
    from unnest(cast(:opportunity_ids as uuid[])) as o(id)
    on conflict (workspace_id, opportunity_id) do update
    set due_at = least(excluded.due_at, q.due_at),
        cause = case when q.cause @> cast(:quiet as jsonb) then q.cause else excluded.cause end
    where excluded.due_at < q.due_at or excluded.cause @> cast(:quiet as jsonb)
    """
)
_QUIET = '[{"type": "quiet_batch"}]'


async def put(
    uow: UnitOfWork, opportunity_ids: Collection[UUID], due_at: datetime, cause: str
) -> None:
    ids = sorted(opportunity_ids)
    await uow.run(_PUT, opportunity_ids=ids, due_at=due_at, cause=cause, quiet=_QUIET)


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


async def workspaces_with_due_opportunities(scope: Transaction, limit: int) -> list[UUID]:
    return await scope.values(UUID, _WORKSPACES, limit=limit)


@dataclass(frozen=True, slots=True)
class DueOpportunity:
    opportunity_id: UUID
    cause: list[dict[str, object]]
    """What made it due."""


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


async def take(uow: UnitOfWork, limit: int) -> list[DueOpportunity]:
    """Taken means: gone when this commits."""
    return await uow.rows(DueOpportunity, _TAKE, now=await uow.now(), limit=limit)


_COUNT_DUE = text(
    "select count(*) from reevaluation_queue where workspace_id = :workspace_id and due_at <= :now"
)


async def count_due(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_DUE, now=await uow.now())


_COUNT_QUARANTINED = text(
    "select count(*) from quarantined_opportunities where workspace_id = :workspace_id"
)


async def count_quarantined(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_QUARANTINED)


_QUARANTINE = text(
    """
    insert into quarantined_opportunities (workspace_id, opportunity_id, reason, failures, since)
    values (:workspace_id, :opportunity_id, :reason, 1, :now)
    on conflict (workspace_id, opportunity_id) do update
    set failures = quarantined_opportunities.failures + 1, reason = excluded.reason
    returning failures
    """
)


async def quarantine(uow: UnitOfWork, opportunity_id: UUID, reason: str) -> int:
    """How often it has failed now."""
    return await uow.one_value(
        int, _QUARANTINE, opportunity_id=opportunity_id, reason=reason, now=await uow.now()
    )


_RELEASE = text(
    "delete from quarantined_opportunities"
    " where workspace_id = :workspace_id and opportunity_id = any(:opportunity_ids)"
    " returning opportunity_id"
)


async def release(uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> list[UUID]:
    """Those that are quarantined."""
    return await uow.values(UUID, _RELEASE, opportunity_ids=list(opportunity_ids))
