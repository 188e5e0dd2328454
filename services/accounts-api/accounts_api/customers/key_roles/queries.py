from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from accounts_api.customers.key_roles.models import planned_holdings as plans
from accounts_api.customers.key_roles.schemas import PlannedHoldingState
from accounts_api.records.holdings.models import key_role_assignments as holdings
from accounts_api.records.holdings.models import key_role_definitions as roles
from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork
from shared.usages import MOST_USAGES


@dataclass(frozen=True, slots=True)
class KeyRole:
    id: UUID
    key: str
    title: str
    multi: bool
    version: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = tuple(roles.c[field.name] for field in fields(KeyRole))
_LIVING = select(*_COLUMNS).where(roles.c.workspace_id == WORKSPACE, roles.c.deleted_at.is_(None))
_BY_ID = _LIVING.where(roles.c.id == bindparam("role_id"))


async def key_roles_page(uow: UnitOfWork, after: str | None, limit: int) -> list[KeyRole]:
    page = _LIVING if after is None else _LIVING.where(roles.c.key > after)
    return await uow.rows(KeyRole, page.order_by(roles.c.key).limit(limit))


async def key_role_by_id(uow: UnitOfWork, role_id: UUID, *, lock: bool = False) -> KeyRole | None:
    return await uow.row(KeyRole, _BY_ID.with_for_update() if lock else _BY_ID, role_id=role_id)


async def add_key_role(uow: UnitOfWork, values: Mapping[str, object]) -> KeyRole | None:
    """None when the key is taken. A deleted role comes back, as its history names it."""
    revived = {"title": values["title"], "multi": values["multi"], "deleted_at": None}
    added = (
        insert(roles)
        .values(**values)
        .on_conflict_do_update(
            index_elements=[roles.c.workspace_id, roles.c.key],
            set_={**revived, "version": roles.c.version + 1, "updated_at": func.clock_timestamp()},
            where=roles.c.deleted_at.is_not(None),
        )
    )
    return await uow.row(KeyRole, added.returning(*_COLUMNS))


async def change_key_role(uow: UnitOfWork, role_id: UUID, values: Mapping[str, object]) -> KeyRole:
    changed = (
        update(roles)
        .where(roles.c.workspace_id == uow.workspace_id, roles.c.id == role_id)
        .values(**values, version=roles.c.version + 1, updated_at=func.clock_timestamp())
    )
    return await uow.one(KeyRole, changed.returning(*_COLUMNS))


_SHARED = text(
    "select count(*) from (select account_id from key_role_assignments"
    " where workspace_id = :workspace_id and key_role_key = :key and valid_to is null"
    " group by account_id having count(*) > 1) shared"
)


async def accounts_with_several(uow: UnitOfWork, key: str) -> int:
    return await uow.one_value(int, _SHARED, key=key)


async def set_single(uow: UnitOfWork, key: str, *, single: bool) -> None:
    await uow.run(
        update(holdings)
        .where(
            holdings.c.workspace_id == uow.workspace_id,
            holdings.c.key_role_key == key,
            holdings.c.valid_to.is_(None),
        )
        .values(single=single)
    )


_ACCOUNTS_HOLDING = text(
    "select distinct h.account_id from key_role_assignments h"
    " join accounts a on a.workspace_id = :workspace_id and a.id = h.account_id"
    " and a.deleted_at is null"
    " where h.workspace_id = :workspace_id and h.key_role_key = :key"
    " and h.valid_to is null limit :limit"
)


async def accounts_holding(uow: UnitOfWork, key: str, limit: int) -> list[UUID]:
    """Living accounts where the role is held now."""
    return await uow.values(UUID, _ACCOUNTS_HOLDING, key=key, limit=limit)


@dataclass(frozen=True, slots=True)
class Holding:
    id: UUID
    key_role: str
    member_id: UUID
    valid_from: datetime
    valid_to: datetime | None


_HOLDINGS_OF = (
    select(
        holdings.c.id,
        holdings.c.key_role_key.label("key_role"),
        holdings.c.member_id,
        holdings.c.valid_from,
        holdings.c.valid_to,
    )
    .where(holdings.c.workspace_id == WORKSPACE, holdings.c.account_id == bindparam("account_id"))
    .order_by(holdings.c.valid_from.desc(), holdings.c.id.desc())
    .limit(1000)
)


async def holdings_of(uow: UnitOfWork, account_id: UUID) -> list[Holding]:
    return await uow.rows(Holding, _HOLDINGS_OF, account_id=account_id)


_LAST_CHANGE = select(func.max(func.greatest(holdings.c.valid_from, holdings.c.valid_to))).where(
    holdings.c.workspace_id == WORKSPACE,
    holdings.c.account_id == bindparam("account_id"),
    holdings.c.key_role_key == bindparam("key"),
)


async def last_change(uow: UnitOfWork, account_id: UUID, key: str) -> datetime | None:
    """When the holders of a role on an account last changed."""
    return await uow.value(datetime, _LAST_CHANGE, account_id=account_id, key=key)


async def add_plan(uow: UnitOfWork, values: Mapping[str, object]) -> None:
    added = insert(plans).values(**values)
    await uow.run(
        added.on_conflict_do_update(
            index_elements=[
                plans.c.workspace_id,
                plans.c.account_id,
                plans.c.key_role_key,
                plans.c.valid_from,
            ],
            index_where=text("state = 'planned'"),
            set_={name: added.excluded[name] for name in ("member_ids", "cause")},
        )
    )


@dataclass(frozen=True, slots=True)
class PlannedHolding:
    id: UUID
    key_role: str
    member_ids: list[UUID]
    valid_from: datetime
    state: PlannedHoldingState
    refusal: str | None


_PLANS_OF = (
    select(
        plans.c.id,
        plans.c.key_role_key.label("key_role"),
        plans.c.member_ids,
        plans.c.valid_from,
        plans.c.state,
        plans.c.refusal,
    )
    .where(
        plans.c.workspace_id == WORKSPACE,
        plans.c.account_id == bindparam("account_id"),
        plans.c.state.in_(["planned", "refused"]),
    )
    .order_by(plans.c.valid_from, plans.c.id)
    .limit(1000)
)


async def plans_of(uow: UnitOfWork, account_id: UUID) -> list[PlannedHolding]:
    """What is to begin, and what could not; soonest first."""
    return await uow.rows(PlannedHolding, _PLANS_OF, account_id=account_id)


async def cancel_plan(uow: UnitOfWork, account_id: UUID, plan_id: UUID) -> bool:
    cancelled = await uow.run(
        update(plans)
        .where(
            plans.c.workspace_id == uow.workspace_id,
            plans.c.account_id == account_id,
            plans.c.id == plan_id,
            plans.c.state.in_(["planned", "refused"]),
        )
        .values(state="cancelled")
    )
    return cancelled > 0


async def end_plan(uow: UnitOfWork, plan_id: UUID, refusal: str | None) -> None:
    await uow.run(
        update(plans)
        .where(plans.c.workspace_id == uow.workspace_id, plans.c.id == plan_id)
        .values(state="begun" if refusal is None else "refused", refusal=refusal)
    )


async def drop_plans(uow: UnitOfWork, key: str) -> None:
    await uow.run(
        update(plans)
        .where(
            plans.c.workspace_id == uow.workspace_id,
            plans.c.key_role_key == key,
            plans.c.state == "planned",
        )
        .values(state="cancelled")
    )


_CANCEL_DOUBLED = text(
    """
    update planned_holdings p set state = 'cancelled'
    where p.workspace_id = :workspace_id and p.account_id = :loser and p.state = 'planned'
      and exists (
          select 1 from planned_holdings kept
          where kept.workspace_id = :workspace_id and kept.account_id = :winner
            and kept.state = 'planned' and kept.key_role_key = p.key_role_key
            and kept.valid_from = p.valid_from)
    """
)


async def cancel_doubled_plans(uow: UnitOfWork, loser: UUID, winner: UUID) -> None:
    await uow.run(_CANCEL_DOUBLED, loser=loser, winner=winner)


@dataclass(frozen=True, slots=True)
class PlannedFor:
    id: UUID
    account: str


_PLANNED = """
    select p.id, a.name as account from planned_holdings p
    join accounts a on a.workspace_id = :workspace_id and a.id = p.account_id
    where p.workspace_id = :workspace_id and p.state = 'planned'
"""
_PLANS_WITH = text(f"{_PLANNED} and :member_id = any(p.member_ids) order by a.name, p.id")
_PLANS_OF_ROLE = text(f"{_PLANNED} and p.key_role_key = :key order by a.name, p.id limit :most")


async def plans_with(uow: UnitOfWork, member_id: UUID) -> list[PlannedFor]:
    """By account."""
    return await uow.rows(PlannedFor, _PLANS_WITH, member_id=member_id)


async def plans_of_role(uow: UnitOfWork, key: str) -> list[PlannedFor]:
    """By account; as many as usages are listed at most."""
    return await uow.rows(PlannedFor, _PLANS_OF_ROLE, key=key, most=MOST_USAGES)


_DUE = (
    plans.c.workspace_id == WORKSPACE,
    plans.c.state == "planned",
    plans.c.valid_from <= bindparam("now"),
)
_COUNT_DUE = select(func.count()).where(*_DUE)


async def count_due_plans(uow: UnitOfWork, now: datetime) -> int:
    return await uow.one_value(int, _COUNT_DUE, now=now)


_PLANS_DUE = text(
    """
    with places as materialized (
        select workspace_id, coalesce(frozen_at, clock_timestamp()) as now from workspaces)
    select w.workspace_id from places w
    cross join lateral (
        select p.valid_from from planned_holdings p
        where p.workspace_id = w.workspace_id and p.state = 'planned' and p.valid_from <= w.now
        order by p.valid_from limit 1
    ) due
    """
)


async def workspaces_with_due_plans(scope: Transaction) -> list[UUID]:
    return await scope.values(UUID, _PLANS_DUE)


@dataclass(frozen=True, slots=True)
class DuePlan:
    id: UUID
    account_id: UUID
    key: str
    member_ids: list[UUID]
    valid_from: datetime
    cause: list[dict[str, Any]]


_CLAIM_DUE = (
    select(
        plans.c.id,
        plans.c.account_id,
        plans.c.key_role_key.label("key"),
        plans.c.member_ids,
        plans.c.valid_from,
        plans.c.cause,
    )
    .where(*_DUE)
    .order_by(plans.c.valid_from, plans.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


async def claim_due_plans(uow: UnitOfWork, now: datetime, limit: int) -> Sequence[DuePlan]:
    """Soonest first, locked; what another worker has is left to it."""
    return await uow.rows(DuePlan, _CLAIM_DUE, now=now, most=limit)
