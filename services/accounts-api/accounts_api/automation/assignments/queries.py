from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    Uuid,
    bindparam,
    case,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from accounts_api.automation.assignments.models import assignment_rules as rules
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.evaluation.rule_sets.store import RuleSet
from accounts_api.language.rules.ignored import not_ignored
from accounts_api.language.rules.reads import reads_of
from accounts_api.records.holdings.models import key_role_definitions as roles
from shared.data import WORKSPACE
from shared.keys import Keys
from shared.rules.sql.compile import verdict
from shared.rules.sql.evaluate_many import verdicts
from shared.rules.sql.rows import Row, other_table, record_table
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    id: UUID
    key_role_id: UUID
    position: int
    key: str
    title: str
    rule: dict[str, Any]
    member_id: UUID | None
    algorithm: Any
    pool: list[UUID]
    policy: Any
    last_member_id: UUID | None
    faults: list[dict[str, Any]] | None
    version: int
    created_at: datetime
    updated_at: datetime


KEYS = Keys("assignment_rule", "assignment_rules")
STORE = RuleSet(rules, AssignmentRule, order=("position", "id"), members=("member_id", "pool"))


_RULES_OF_KEY = (
    select(*STORE.columns)
    .join(roles, (roles.c.workspace_id == WORKSPACE) & (roles.c.id == rules.c.key_role_id))
    .where(rules.c.workspace_id == WORKSPACE, roles.c.key == bindparam("key"))
    .order_by(rules.c.position, rules.c.id)
)


async def rules_of_key(uow: UnitOfWork, key: str) -> list[AssignmentRule]:
    """Of the living key role with this key."""
    return await uow.rows(AssignmentRule, _RULES_OF_KEY, key=key)


@dataclass(frozen=True, slots=True)
class AssignedRole:
    id: UUID
    key: str
    title: str


_ALWAYS_DECIDED = (
    select(roles.c.id, roles.c.key, roles.c.title)
    .distinct()
    .join(rules, (rules.c.workspace_id == WORKSPACE) & (rules.c.key_role_id == roles.c.id))
    .where(roles.c.workspace_id == WORKSPACE, rules.c.policy == "always")
)
_LOCK_ROLE = text(
    "select id, key, title from key_role_definitions"
    " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    " for no key update"
)


async def always_decided(uow: UnitOfWork) -> list[AssignedRole]:
    """Key roles with a rule that also takes the place of a holder."""
    return await uow.rows(AssignedRole, _ALWAYS_DECIDED)


async def lock_key_role(uow: UnitOfWork, key_role_id: UUID) -> AssignedRole | None:
    """One choice at a time: what is counted behind this lock is what all before it chose. Those
    who assign by hand do not wait for it.
    """
    return await uow.row(AssignedRole, _LOCK_ROLE, id=key_role_id)


@dataclass(frozen=True, slots=True)
class EvaluatedAccount:
    """The lists have a place for each rule."""

    record_id: UUID
    deleted: bool
    matched: list[bool]
    next_changes: list[datetime | None]
    rule_id: UUID | None
    """The rule that decided so far."""
    next_change_at: datetime | None


async def evaluated(
    uow: UnitOfWork,
    key_role_id: UUID,
    evaluated_rules: Sequence[Rule],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[EvaluatedAccount]:
    kept: dict[str, TypeEngine[Any]] = dict.fromkeys(
        ("key_role_id", "account_id", "rule_id"), Uuid()
    )

    def rule_id(row: Row) -> ColumnElement[Any]:
        there = other_table("assignment_matches", kept)
        mine = (there.c.key_role_id == key_role_id, there.c.account_id == row.id)
        return row.beside(there, *mine, what=there.c.rule_id).scalar_subquery().label("rule_id")

    def next_change_at(row: Row) -> ColumnElement[Any]:
        return stored_next_change(row.workspace, key_role_id, row.id)

    statement = verdicts(evaluated_rules, uow.workspace_id, ids, context, rule_id, next_change_at)
    return await uow.rows(EvaluatedAccount, statement)


_STAND = text(
    """
    insert into assignment_matches (workspace_id, key_role_id, account_id, rule_id)
    select :workspace_id, :key_role_id, s.account_id, s.rule_id
    from jsonb_to_recordset(cast(:matches as jsonb)) as s(account_id uuid, rule_id uuid)
    where s.rule_id is not null
    on conflict (workspace_id, key_role_id, account_id) do update set rule_id = excluded.rule_id
    """
)
_LEAVE = text(
    """
    delete from assignment_matches t
    using jsonb_to_recordset(cast(:matches as jsonb)) as s(account_id uuid, rule_id uuid)
    where t.workspace_id = :workspace_id and t.key_role_id = :key_role_id
      and t.account_id = s.account_id and s.rule_id is null
    """
)


async def move_matches(
    uow: UnitOfWork, key_role_id: UUID, moved: Mapping[UUID, UUID | None]
) -> None:
    """Account to the rule whose set it is in now, None for none."""
    rows = [{"account_id": account, "rule_id": rule} for account, rule in moved.items()]
    matches = to_json(rows).decode()
    await uow.run(_LEAVE, key_role_id=key_role_id, matches=matches)
    await uow.run(_STAND, key_role_id=key_role_id, matches=matches)


_REVENUE = """
    case when coalesce(a.currency, w.currency) = w.currency then coalesce(a.arr, 0) else 0 end
"""
_LIVING = text(
    f"""
    select a.id, {_REVENUE} as revenue
    from accounts a join workspaces w on w.workspace_id = :workspace_id
    where a.workspace_id = :workspace_id and a.id = any(cast(:ids as uuid[]))
      and a.deleted_at is null
    order by a.id
    """
)
_HOLDERS = text(
    """
    select h.account_id, h.member_id from key_role_assignments h
    where h.workspace_id = :workspace_id and h.account_id = any(cast(:ids as uuid[]))
      and h.key_role_key = :key and h.valid_to is null
    order by h.member_id
    """
)


@dataclass(frozen=True, slots=True)
class _Living:
    id: UUID
    revenue: int


@dataclass(frozen=True, slots=True)
class _Holder:
    account_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Unassigned:
    """An account to be assigned, with who holds the role now."""

    id: UUID
    revenue: int
    """In the workspace's currency."""
    holders: Sequence[UUID]


async def to_assign(uow: UnitOfWork, key: str, ids: Sequence[UUID]) -> list[Unassigned]:
    """Living accounts, oldest first."""
    holders: dict[UUID, list[UUID]] = defaultdict(list)
    for holder in await uow.rows(_Holder, _HOLDERS, ids=list(ids), key=key):
        holders[holder.account_id].append(holder.member_id)
    return [
        Unassigned(account.id, account.revenue, holders[account.id])
        for account in await uow.rows(_Living, _LIVING, ids=list(ids))
    ]


# Holdings first, then each one's account by its key: the cost follows the books of the pool, and no
# plan made before the tables were analysed can turn it into a product of both.
_LOADS = text(
    f"""
    with held as materialized (
        select h.member_id, h.account_id from key_role_assignments h
        where h.workspace_id = :workspace_id and h.member_id = any(cast(:ids as uuid[]))
          and h.key_role_key = :key and h.valid_to is null
    ), books as (
        select held.member_id, count(*) as accounts, sum({_REVENUE}) as revenue
        from held
        join workspaces w on w.workspace_id = :workspace_id
        cross join lateral (
            select one.arr, one.currency from accounts one
            where one.workspace_id = :workspace_id and one.id = held.account_id
              and one.deleted_at is null and {not_ignored("one")} limit 1
        ) a
        group by held.member_id
    )
    select m.id, m.full_name, coalesce(books.accounts, 0) as accounts,
           cast(coalesce(books.revenue, 0) as bigint) as revenue
    from members m left join books on books.member_id = m.id
    where m.workspace_id = :workspace_id and m.active and m.id = any(cast(:ids as uuid[]))
    """
)


@dataclass(frozen=True, slots=True)
class Book:
    """What an active member holds of a key role."""

    id: UUID
    full_name: str
    accounts: int
    revenue: int


async def loads(uow: UnitOfWork, key: str, ids: Sequence[UUID]) -> list[Book]:
    return await uow.rows(Book, _LOADS, key=key, ids=list(ids)) if ids else []


@dataclass(frozen=True, slots=True)
class NamedMember:
    id: UUID
    full_name: str


_NAMES = text(
    "select id, full_name from members where workspace_id = :workspace_id and active"
    " and id = any(cast(:ids as uuid[]))"
)


async def names(uow: UnitOfWork, ids: Sequence[UUID]) -> list[NamedMember]:
    """Of active members."""
    return await uow.rows(NamedMember, _NAMES, ids=list(ids)) if ids else []


@dataclass(frozen=True, slots=True)
class _Match:
    id: UUID
    name: str
    place: int


async def matching(
    uow: UnitOfWork, evaluated_rules: Sequence[Rule], context: EvaluationContext
) -> dict[UUID, tuple[int, str]]:
    """Living accounts that satisfy a rule, oldest first: the place of the first, and their name."""
    table = record_table(evaluated_rules[0].type)
    place = case(
        *((verdict(rule, table, context), at) for at, rule in enumerate(evaluated_rules)),
        else_=None,
    )
    each = (
        select(table.c.id, table.c.name, place.label("place"))
        .where(table.c.workspace_id == WORKSPACE, table.c.deleted_at.is_(None))
        .cte("by_rule")
    )
    matched = select(each).where(each.c.place.is_not(None)).order_by(each.c.id)
    moved = await moved_types(uow, reads_of(evaluated_rules))
    found = await uow.rows(_Match, moved.begun(matched), **moved.parameters)
    return {match.id: (match.place, match.name) for match in found}


_FORGET = text(
    "delete from assignment_matches"
    " where workspace_id = :workspace_id and key_role_id = :key_role_id"
)


async def forget(uow: UnitOfWork, key_role_id: UUID) -> None:
    """The matches of accounts, of a key role that is no more."""
    await uow.run(_FORGET, key_role_id=key_role_id)
