from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    or_,
    select,
    text,
)

from accounts_api.automation.deactivation.models import (
    contact_deactivation_rules,
    contact_deactivations,
)
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.evaluation.rule_sets.store import RuleSet, instants
from accounts_api.language.rules.reads import reads_of
from shared.data import WORKSPACE
from shared.keys import Keys
from shared.rules.sql.compile import verdict
from shared.rules.sql.dates import begins
from shared.rules.sql.evaluate_many import verdicts
from shared.rules.sql.rows import Row, record_table
from shared.rules.types.catalog import Field
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

SAMPLES = 20
_KEPT = contact_deactivations


@dataclass(frozen=True, slots=True)
class DeactivationRule:
    id: UUID
    key: str
    title: str
    rule: dict[str, Any]
    since_field: str | None
    faults: list[dict[str, Any]] | None
    version: int
    created_at: datetime
    updated_at: datetime


KEYS = Keys("deactivation_rule", "contact_deactivation_rules")
STORE = RuleSet(contact_deactivation_rules, DeactivationRule)


@dataclass(frozen=True, slots=True)
class EvaluatedContact:
    """The lists have a place for each rule."""

    record_id: UUID
    deleted: bool
    matched: list[bool]
    next_changes: list[datetime | None]
    dates: list[datetime | None]
    deactivated_at: datetime | None
    kept_rule: UUID | None
    kept_since: datetime | None
    next_change_at: datetime | None


async def evaluated(
    uow: UnitOfWork,
    rule_id: UUID,
    rules: Sequence[tuple[Rule, tuple[Field | None, ...]]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[EvaluatedContact]:
    since_fields = [dates[0] for _, dates in rules]

    def kept(row: Row, what: ColumnElement[Any]) -> ColumnElement[Any]:
        found = select(what).where(
            _KEPT.c.workspace_id == row.workspace, _KEPT.c.contact_id == row.id
        )
        return found.scalar_subquery()

    statement = verdicts(
        [rule for rule, _ in rules],
        uow.workspace_id,
        ids,
        context,
        lambda row: instants(begins, row, since_fields, context).label("dates"),
        lambda row: row.column("deactivated_at").label("deactivated_at"),
        lambda row: kept(row, _KEPT.c.rule_id).label("kept_rule"),
        lambda row: kept(row, _KEPT.c.since).label("kept_since"),
        lambda row: stored_next_change(row.workspace, rule_id, row.id),
    )
    return await uow.rows(EvaluatedContact, statement)


_KEEP = text(
    """
    insert into contact_deactivations (workspace_id, contact_id, rule_id, since)
    select :workspace_id, k.contact_id, k.rule_id, k.since
    from jsonb_to_recordset(cast(:kept as jsonb))
           as k(contact_id uuid, rule_id uuid, since timestamptz)
    on conflict (workspace_id, contact_id) do update
    set rule_id = excluded.rule_id, since = excluded.since
    """
)
_FORGET = text(
    """
    delete from contact_deactivations
    where workspace_id = :workspace_id and contact_id = any(cast(:ids as uuid[]))
    """
)


async def keep(uow: UnitOfWork, kept: Sequence[Any]) -> None:
    """Rows of contact_id, rule_id, since."""
    await uow.run(_KEEP, kept=to_json(kept).decode())


async def forget(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    await uow.run(_FORGET, ids=list(ids))


@dataclass(frozen=True, slots=True)
class MovementCounts:
    contacts: int
    out: int
    deactivating: int
    reactivating: int


@dataclass(frozen=True, slots=True)
class NamedContact:
    id: UUID
    name: str


async def movements(
    uow: UnitOfWork, rules: Sequence[Rule], context: EvaluationContext
) -> tuple[MovementCounts, list[NamedContact], list[NamedContact]]:
    """Under these rules, and some of those who would move either way."""
    table = record_table(rules[0].type)
    kept = _KEPT.alias("kept")
    matched = or_(*(verdict(rule, table, context).is_(True) for rule in rules))
    ours = kept.c.since.is_not_distinct_from(table.c.deactivated_at)
    contacts = (
        select(
            table.c.id,
            table.c.name,
            table.c.deactivated_at.is_not(None).label("out"),
            matched.label("matched"),
            and_(kept.c.contact_id.is_not(None), ours).label("by_rule"),
        )
        .outerjoin(
            kept,
            and_(kept.c.workspace_id == table.c.workspace_id, kept.c.contact_id == table.c.id),
        )
        .where(table.c.workspace_id == WORKSPACE, table.c.deleted_at.is_(None))
        .cte("contacts_now")
    )
    going = and_(contacts.c.matched, ~contacts.c.out)
    back = and_(contacts.c.by_rule, ~contacts.c.matched)
    counted = select(
        func.count().label("contacts"),
        func.count().filter(or_(contacts.c.matched, and_(contacts.c.out, ~back))).label("out"),
        func.count().filter(going).label("deactivating"),
        func.count().filter(back).label("reactivating"),
    ).select_from(contacts)
    moved = await moved_types(uow, reads_of(rules))

    async def some(which: ColumnElement[bool]) -> list[NamedContact]:
        named = select(contacts.c.id, contacts.c.name).where(which)
        few = named.order_by(contacts.c.name, contacts.c.id).limit(SAMPLES)
        return await uow.rows(NamedContact, moved.begun(few), **moved.parameters)

    counts = await uow.one(MovementCounts, moved.begun(counted), **moved.parameters)
    return counts, await some(going), await some(back)


@dataclass(frozen=True, slots=True)
class ContactState:
    deactivated_at: datetime | None
    rule_id: UUID | None
    """Of the rule that deactivated it, if one did."""
    since: datetime | None


_CONTACT_STATE = text(
    """
    select c.deactivated_at, k.rule_id, k.since from contacts c
    left join contact_deactivations k
      on k.workspace_id = :workspace_id and k.contact_id = c.id
    where c.workspace_id = :workspace_id and c.id = :id and c.deleted_at is null
    """
)


async def contact_state(uow: UnitOfWork, contact_id: UUID) -> ContactState | None:
    """Of a living contact."""
    return await uow.row(ContactState, _CONTACT_STATE, id=contact_id)
