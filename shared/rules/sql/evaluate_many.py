"""Many rules over many records in one statement: the records are read once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    null,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from shared.columns import AT
from shared.rules.sql.compile import verdict
from shared.rules.sql.next_change import next_change
from shared.rules.sql.rows import Row, record_table
from shared.rules.types.catalog import RecordType
from shared.rules.types.context import Asks, EvaluationContext
from shared.rules.types.typed import Rule


@lru_cache(maxsize=512)
def _row(type_: RecordType) -> Row:
    return Row(type_, record_table(type_))


def _expressions(
    rule: Rule, context: EvaluationContext
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Verdict and next change of a rule. Making them costs more than running them, so they are kept
    for the day, unless the rule asks for the very instant.
    """
    day = of_day([rule], context)
    return _made(rule, context) if day is None else _of_day(rule, day)


def of_day(rules: Iterable[Rule], context: EvaluationContext) -> EvaluationContext | None:
    """The noon for which the SQL of rules is made that holds all day; None if one of them asks for
    the very instant.
    """
    if any(Asks.NOW in rule.root.asks for rule in rules):
        return None
    noon = datetime.combine(context.today, time(12), context.zone)
    return replace(context, now=noon)


def _made(rule: Rule, context: EvaluationContext) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    row = _row(rule.type)
    live = row.table.c.deleted_at.is_(None)
    at = next_change(rule, row.table, context)
    next_changes = cast(null(), AT) if at is None else case((live, at))
    return func.coalesce(and_(live, verdict(rule, row.table, context)), false()), next_changes


_of_day = lru_cache(maxsize=8192)(_made)


def verdicts(
    rules: Sequence[Rule],
    workspace_id: UUID | ColumnElement[UUID],
    ids: Sequence[UUID] | ColumnElement[Any] | None,
    context: EvaluationContext,
    *more: Callable[[Row], ColumnElement[Any]],
) -> Select[Any]:
    """For each of the records, or for all if `ids` is None: (record_id, deleted, matched, flips),
    the last two arrays with a place for each rule, and `more`. A deleted record satisfies nothing.
    """
    row = _row(rules[0].type)
    live = row.table.c.deleted_at.is_(None)
    made = [_expressions(rule, context) for rule in rules]
    matched = [one[0] for one in made]
    next_changes = [one[1] for one in made]
    found = select(
        row.id.label("record_id"),
        live.is_(False).label("deleted"),
        array[Any](matched, type_=Boolean()).label("matched"),
        array[Any](next_changes, type_=AT).label("next_changes"),
        *(make(row) for make in more),
    ).where(row.workspace == workspace_id)
    if ids is None:
        return found.where(live)
    if not isinstance(ids, ColumnElement):
        ids = bindparam(None, list(ids), type_=ARRAY(Uuid()))
    return found.where(row.id == any_(ids))


def evaluated(
    rules: Sequence[tuple[UUID, Rule]],
    workspace_id: UUID,
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> CTE:
    """The verdicts as rows: (record_id, deleted, rule_id, matched, next_change_at)."""
    arrays = verdicts([rule for _, rule in rules], workspace_id, ids, context).cte("arrays")
    rule_ids = bindparam(None, [rule_id for rule_id, _ in rules], type_=ARRAY(Uuid()))
    each = (
        func.unnest(rule_ids, arrays.c.matched, arrays.c.next_changes)
        .table_valued("rule_id", "matched", "next_change_at", name="each")
        .render_derived()
    )
    return (
        select(
            arrays.c.record_id,
            arrays.c.deleted,
            each.c.rule_id.label("rule_id"),
            each.c.matched.label("matched"),
            each.c.next_change_at.label("next_change_at"),
        )
        .select_from(arrays)
        .join(each, text("true"))
        .cte("evaluated")
    )
