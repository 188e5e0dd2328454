from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text, update

from accounts_api.automation.handovers.models import Handover, handovers
from shared.data import WORKSPACE, Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork

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


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A key role that a member holds, on how many living accounts."""

    key_role: str
    title: str
    id: UUID
    accounts: int
    revenue: int


async def roles_held(uow: UnitOfWork, member_id: UUID) -> list[HeldRole]:
    """By key role."""
    return await uow.rows(HeldRole, _BY_ROLE, member_id=member_id)


@dataclass(frozen=True, slots=True)
class _Next:
    key_role_key: str
    id: UUID
    revenue: int


@dataclass(frozen=True, slots=True)
class _Holder:
    account_id: UUID
    key_role_key: str
    member_id: UUID


async def accounts_held(
    uow: UnitOfWork,
    member_id: UUID,
    *,
    key: str,
    after: UUID | None,
    limit: int,
    only: bool = False,
) -> list[Held]:
    """Behind a place, by key role and account; `only` those of the key role of that place."""
    place = {"key": key, "after": after, "limit": limit, "only": only}
    rows = await uow.rows(_Next, _NEXT, member_id=member_id, **place)
    holders: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    ids = sorted({row.id for row in rows})
    for one in await uow.rows(_Holder, _HOLDERS, ids=ids) if rows else ():
        holders[one.account_id, one.key_role_key].add(one.member_id)
    return [
        Held(row.key_role_key, row.id, row.revenue, holders[row.id, row.key_role_key])
        for row in rows
    ]


_COUNT_PLANNED = text(
    "select count(*) from planned_holdings where workspace_id = :workspace_id"
    " and state = 'planned' and :member_id = any(member_ids)"
)


async def planned_for(uow: UnitOfWork, member_id: UUID) -> int:
    return await uow.one_value(int, _COUNT_PLANNED, member_id=member_id)


@dataclass(frozen=True, slots=True)
class PlannedHolding:
    id: UUID
    key_role_key: str
    member_ids: list[UUID]


_PLANS_FOR = text(
    "select id, key_role_key, member_ids from planned_holdings"
    " where workspace_id = :workspace_id and state = 'planned'"
    " and :member_id = any(member_ids) order by valid_from, id for update"
)


async def plans_for(uow: UnitOfWork, member_id: UUID) -> list[PlannedHolding]:
    """Soonest first; locked."""
    return await uow.rows(PlannedHolding, _PLANS_FOR, member_id=member_id)


_CHANGE_PLAN = text(
    "update planned_holdings set member_ids = cast(:member_ids as uuid[]),"
    " state = case when cardinality(cast(:member_ids as uuid[])) = 0"
    " then 'cancelled' else state end"
    " where workspace_id = :workspace_id and id = :id"
)


async def change_plan(uow: UnitOfWork, plan_id: UUID, member_ids: Sequence[UUID]) -> None:
    """One that is left without a member is cancelled."""
    await uow.run(_CHANGE_PLAN, id=plan_id, member_ids=list(member_ids))


_LOCK_ROLE = text(
    "select 1 from key_role_definitions where workspace_id = :workspace_id and key = :key"
    " for no key update"
)


async def lock_key_role(uow: UnitOfWork, key: str) -> None:
    """As assignment rules do, so that both count what the other has chosen."""
    await uow.run(_LOCK_ROLE, key=key)


_OF_WORKSPACE = select(handovers).where(handovers.c.workspace_id == WORKSPACE)
_LAST_OF = (
    _OF_WORKSPACE.where(handovers.c.member_id == bindparam("of_member"))
    .order_by(handovers.c.id.desc())
    .limit(1)
)
_CLAIM = _OF_WORKSPACE.where(
    handovers.c.id == bindparam("handover_id"), handovers.c.state == "running"
).with_for_update(skip_locked=True)
_COUNT_RUNNING = select(func.count()).where(
    handovers.c.workspace_id == WORKSPACE, handovers.c.state == "running"
)


async def add(uow: UnitOfWork, values: Mapping[str, object]) -> Handover:
    return await uow.one(Handover, insert(handovers).values(**values).returning(handovers))


async def last_of(uow: UnitOfWork, member_id: UUID) -> Handover | None:
    return await uow.row(Handover, _LAST_OF, of_member=member_id)


async def count_running(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT_RUNNING)


@dataclass(frozen=True, slots=True)
class RunningHandover:
    workspace_id: UUID
    id: UUID


STEP: Final = "handovers"
_NOT_HELD: Final = not_held(STEP, "handovers.workspace_id", "handovers.id::text")


_RUNNING = (
    select(handovers.c.workspace_id, handovers.c.id)
    .where(handovers.c.state == "running", text(_NOT_HELD))
    .order_by(handovers.c.id)
    .limit(bindparam("most"))
)


async def running(scope: Transaction, limit: int) -> list[RunningHandover]:
    """Over all workspaces."""
    return await scope.rows(RunningHandover, _RUNNING, most=limit)


async def claim(uow: UnitOfWork, handover_id: UUID) -> Handover | None:
    """None: another worker has it, or it is done."""
    return await uow.row(Handover, _CLAIM, handover_id=handover_id)


async def advance(uow: UnitOfWork, handover_id: UUID, values: Mapping[str, object]) -> None:
    await uow.run(
        update(handovers)
        .where(handovers.c.workspace_id == uow.workspace_id, handovers.c.id == handover_id)
        .values(**values)
    )


async def finish(uow: UnitOfWork, handover_id: UUID) -> None:
    await advance(uow, handover_id, {"state": "done", "finished_at": func.clock_timestamp()})


@dataclass(frozen=True, slots=True)
class HandoverTo:
    id: UUID
    full_name: str
    """Of who hands over."""


_RUNNING_TO = text(
    """
    select h.id, m.full_name from handovers h
    join members m on m.workspace_id = :workspace_id and m.id = h.member_id
    where h.workspace_id = :workspace_id and h.state = 'running'
      and (h.tasks_to = :member_id
           or strpos(h.successors::text, cast(cast(:member_id as uuid) as text)) > 0)
    order by m.full_name, h.id
    """
)


async def running_to(uow: UnitOfWork, member_id: UUID) -> list[HandoverTo]:
    """By name."""
    return await uow.rows(HandoverTo, _RUNNING_TO, member_id=member_id)
