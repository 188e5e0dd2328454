"""Many rules over many records in one statement: the records are read once."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    DateTime,
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

from accounts_api.rules.checked import Rule
from accounts_api.rules.moment import Moment
from accounts_api.rules.sql.horizon import horizon
from accounts_api.rules.sql.rows import Row, record_table
from accounts_api.rules.sql.verdict import verdict

_AT = DateTime(timezone=True)


def verdicts(
    rules: Sequence[Rule],
    workspace_id: UUID,
    ids: Sequence[UUID] | None,
    moment: Moment,
    *more: Callable[[Row], ColumnElement[Any]],
) -> Select[Any]:
    """For each of the records, or for all if `ids` is None: (record_id, deleted, matched, flips),
    the last two arrays with a place for each rule, and `more`. A deleted record satisfies nothing.
    """
    type_ = rules[0].type
    row = record_table(type_)
    live = row.c.deleted_at.is_(None)
    matched: list[ColumnElement[Any]] = []
    flips: list[ColumnElement[Any]] = []
    for rule in rules:
        at = horizon(rule, row, moment)
        flips.append(cast(null(), _AT) if at is None else case((live, at)))
        matched.append(func.coalesce(and_(live, verdict(rule, row, moment)), false()))
    found = select(
        row.c.id.label("record_id"),
        live.is_(False).label("deleted"),
        array[Any](matched, type_=Boolean()).label("matched"),
        array[Any](flips, type_=_AT).label("flips"),
        *(make(Row(type_, row)) for make in more),
    ).where(row.c.workspace_id == workspace_id)
    if ids is None:
        return found.where(live)
    return found.where(row.c.id == any_(bindparam(None, list(ids), type_=ARRAY(Uuid()))))


def judged(
    rules: Sequence[tuple[UUID, Rule]], workspace_id: UUID, ids: Sequence[UUID], moment: Moment
) -> CTE:
    """The verdicts as rows: (record_id, deleted, watch_id, matched, flips_at)."""
    arrays = verdicts([rule for _, rule in rules], workspace_id, ids, moment).cte("arrays")
    watch_ids = bindparam(None, [watch_id for watch_id, _ in rules], type_=ARRAY(Uuid()))
    each = (
        func.unnest(watch_ids, arrays.c.matched, arrays.c.flips)
        .table_valued("watch_id", "matched", "flips_at", name="each")
        .render_derived()
    )
    return (
        select(
            arrays.c.record_id,
            arrays.c.deleted,
            each.c.watch_id.label("watch_id"),
            each.c.matched.label("matched"),
            each.c.flips_at.label("flips_at"),
        )
        .select_from(arrays)
        .join(each, text("true"))
        .cte("judged")
    )
