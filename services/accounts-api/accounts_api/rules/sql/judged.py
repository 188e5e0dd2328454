"""Many rules over many records in one statement: the records are read once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    DateTime,
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
from accounts_api.rules.sql.rows import record_table
from accounts_api.rules.sql.verdict import verdict

_AT = DateTime(timezone=True)


def judged(
    rules: Sequence[tuple[UUID, Rule]], workspace_id: UUID, ids: Sequence[UUID], moment: Moment
) -> CTE:
    """The verdicts of rules over records of one type: (record_id, deleted, watch_id, matched,
    flips_at). A deleted record satisfies nothing.
    """
    type_ = rules[0][1].type
    row = record_table(type_)
    live = row.c.deleted_at.is_(None)
    matched: list[ColumnElement[Any]] = []
    flips: list[ColumnElement[Any]] = []
    for _, rule in rules:
        at = horizon(rule, row, moment)
        flips.append(cast(null(), _AT) if at is None else case((live, at)))
        matched.append(func.coalesce(and_(live, verdict(rule, row, moment)), false()))
    arrays = (
        select(
            row.c.id.label("record_id"),
            live.is_(False).label("deleted"),
            array[Any](matched, type_=Boolean()).label("matched"),
            array[Any](flips, type_=_AT).label("flips"),
        )
        .where(row.c.workspace_id == workspace_id)
        .where(row.c.id == any_(bindparam(None, list(ids), type_=ARRAY(Uuid()))))
        .cte("arrays")
    )
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
