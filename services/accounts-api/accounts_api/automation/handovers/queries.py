from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.automation.handovers.models import handovers
from shared.held_work import not_held

_CURRENCY = "(select w.currency from workspaces w where w.workspace_id = :workspace_id)"
_REVENUE = f"""
    case when coalesce(a.currency, {_CURRENCY}) = {_CURRENCY} then coalesce(a.arr, 0) else 0 end
"""
# By the index on who holds what, then each account by its key, whatever the statistics say.
_HELD = """
    with held as materialized (
        select h.key_role_key, h.account_id from key_role_assignments h
        where h.workspace_id = :workspace_id and h.member_id = :member_id and h.valid_to is null
    )
"""
_ACCOUNT = """
    cross join lateral (
        select one.id, one.arr, one.currency from accounts one
        where one.workspace_id = :workspace_id and one.id = held.account_id
          and one.deleted_at is null limit 1
    ) a
"""
_BY_ROLE = text(
    f"""
    {_HELD}, books as (
        select held.key_role_key, count(*) as accounts,
               cast(sum({_REVENUE}) as bigint) as revenue
        from held {_ACCOUNT} group by held.key_role_key
    )
    select r.key as key_role, r.title, r.id, books.accounts, books.revenue
    from books join key_role_definitions r on r.workspace_id = :workspace_id
      and r.key = books.key_role_key and r.deleted_at is null
    order by r.key
    """
)
_NEXT = text(
    f"""
    {_HELD}, next as materialized (
        select held.key_role_key, held.account_id from held
        where held.key_role_key >= :key and (held.key_role_key = :key or not :only)
          and (held.key_role_key > :key or cast(:after as uuid) is null
               or held.account_id > cast(:after as uuid))
    )
    select held.key_role_key, a.id, {_REVENUE} as revenue
    from (select * from next order by key_role_key, account_id) held {_ACCOUNT}
    order by held.key_role_key, held.account_id limit :limit
    """
)
_HOLDERS = text(
    """
    select h.account_id, h.key_role_key, h.member_id from key_role_assignments h
    where h.workspace_id = :workspace_id and h.account_id = any(cast(:ids as uuid[]))
      and h.valid_to is null
    """
)


@dataclass(frozen=True, slots=True)
class Held:
    """An account on which a member holds a key role, and with whom."""

    key_role_key: str
    id: UUID
    revenue: int
    holders: AbstractSet[UUID]


async def roles_held(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Sequence[Any]:
    """(key_role, title, id, accounts, revenue) of living accounts, by key role."""
    given = {"workspace_id": workspace_id, "member_id": member_id}
    return (await session.execute(_BY_ROLE, given)).all()


async def accounts_held(
    session: AsyncSession,
    workspace_id: UUID,
    member_id: UUID,
    *,
    key: str,
    after: UUID | None,
    limit: int,
    only: bool = False,
) -> list[Held]:
    """Behind a place, by key role and account; `only` those of the key role of that place."""
    given = {
        "workspace_id": workspace_id,
        "member_id": member_id,
        "key": key,
        "after": after,
        "limit": limit,
        "only": only,
    }
    rows = (await session.execute(_NEXT, given)).all()
    holders: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    asked = {"workspace_id": workspace_id, "ids": sorted({row.id for row in rows})}
    for one in await session.execute(_HOLDERS, asked) if rows else ():
        holders[one.account_id, one.key_role_key].add(one.member_id)
    return [
        Held(row.key_role_key, row.id, row.revenue, holders[row.id, row.key_role_key])
        for row in rows
    ]


async def planned_for(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> int:
    counted = await session.scalar(
        text(
            "select count(*) from planned_holdings where workspace_id = :workspace_id"
            " and state = 'planned' and :member_id = any(member_ids)"
        ),
        {"workspace_id": workspace_id, "member_id": member_id},
    )
    return int(counted or 0)


async def plans_for(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Sequence[Any]:
    """(id, key_role_key, member_ids) of holdings planned to begin, soonest first; locked."""
    found = await session.execute(
        text(
            "select id, key_role_key, member_ids from planned_holdings"
            " where workspace_id = :workspace_id and state = 'planned'"
            " and :member_id = any(member_ids) order by valid_from, id for update"
        ),
        {"workspace_id": workspace_id, "member_id": member_id},
    )
    return found.all()


async def change_plan(
    session: AsyncSession, workspace_id: UUID, plan_id: UUID, member_ids: Sequence[UUID]
) -> None:
    """One that is left without a member is cancelled."""
    await session.execute(
        text(
            "update planned_holdings set member_ids = cast(:member_ids as uuid[]),"
            " state = case when cardinality(cast(:member_ids as uuid[])) = 0"
            " then 'cancelled' else state end"
            " where workspace_id = :workspace_id and id = :id"
        ),
        {"workspace_id": workspace_id, "id": plan_id, "member_ids": list(member_ids)},
    )


async def active_members(
    session: AsyncSession, workspace_id: UUID, ids: Sequence[UUID]
) -> frozenset[UUID]:
    found = await session.scalars(
        text(
            "select id from members where workspace_id = :workspace_id and active"
            " and id = any(cast(:ids as uuid[]))"
        ),
        {"workspace_id": workspace_id, "ids": list(ids)},
    )
    return frozenset(found)


async def key_role_keys(session: AsyncSession, workspace_id: UUID) -> frozenset[str]:
    found = await session.scalars(
        text(
            "select key from key_role_definitions"
            " where workspace_id = :workspace_id and deleted_at is null"
        ),
        {"workspace_id": workspace_id},
    )
    return frozenset(found)


async def lock_key_role(session: AsyncSession, workspace_id: UUID, key: str) -> None:
    """As assignment rules do, so that both count what the other has chosen."""
    await session.execute(
        text(
            "select 1 from key_role_definitions where workspace_id = :workspace_id and key = :key"
            " for no key update"
        ),
        {"workspace_id": workspace_id, "key": key},
    )


async def add(session: AsyncSession, workspace_id: UUID, values: Mapping[str, Any]) -> Any:
    made = insert(handovers).values(workspace_id=workspace_id, **values)
    return (await session.execute(made.returning(handovers))).one()


async def last_of(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Any | None:
    found = (
        select(handovers)
        .where(handovers.c.workspace_id == workspace_id, handovers.c.member_id == member_id)
        .order_by(handovers.c.id.desc())
        .limit(1)
    )
    return (await session.execute(found)).one_or_none()


async def count_running(session: AsyncSession, workspace_id: UUID) -> int:
    found = select(func.count()).where(
        handovers.c.workspace_id == workspace_id, handovers.c.state == "running"
    )
    return int(await session.scalar(found) or 0)


STEP: Final = "handovers"
_NOT_HELD: Final = not_held(STEP, "handovers.workspace_id", "handovers.id::text")


async def running(session: AsyncSession, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """(workspace, handover), over all workspaces."""
    found = await session.execute(
        select(handovers.c.workspace_id, handovers.c.id)
        .where(handovers.c.state == "running", text(_NOT_HELD))
        .order_by(handovers.c.id)
        .limit(limit)
    )
    return [(row.workspace_id, row.id) for row in found]


async def claim(session: AsyncSession, workspace_id: UUID, handover_id: UUID) -> Any | None:
    """None: another worker has it, or it is done."""
    found = (
        select(handovers)
        .where(
            handovers.c.workspace_id == workspace_id,
            handovers.c.id == handover_id,
            handovers.c.state == "running",
        )
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(found)).one_or_none()


async def advance(
    session: AsyncSession, workspace_id: UUID, handover_id: UUID, values: Mapping[str, Any]
) -> None:
    await session.execute(
        update(handovers)
        .where(handovers.c.workspace_id == workspace_id, handovers.c.id == handover_id)
        .values(**values)
    )


async def finish(session: AsyncSession, workspace_id: UUID, handover_id: UUID) -> None:
    await session.execute(
        update(handovers)
        .where(handovers.c.workspace_id == workspace_id, handovers.c.id == handover_id)
        .values(state="done", finished_at=func.clock_timestamp())
    )
