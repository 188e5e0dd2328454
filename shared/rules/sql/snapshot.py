"""One statement that loads all a rule can see of a record, as one JSON text."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.columns import AT
from shared.rules.interpreter.needs import Counted, Needs
from shared.rules.sql.beside import (
    changes,
    changes_of,
    event_days,
    event_values,
    holdings,
    kept,
    memberships,
)
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import NOBODY
from shared.rules.types.context import EvaluationContext

_EMPTY_LIST: Final[ColumnElement[Any]] = literal_column("'[]'::jsonb")


def snapshot(needs: Needs, row: FromClause, context: EvaluationContext) -> ColumnElement[str]:
    """The JSON text of one row of `needs.type`; `interpreter.snapshots` reads it."""
    return cast(_document(needs, Row(needs.type, row), context), Text())


def _object(members: Mapping[str, Any]) -> ColumnElement[Any]:
    pairs: list[Any] = []
    for name, value in members.items():
        pairs += [bindparam(None, name, type_=Text()), value]
    return func.jsonb_build_object(*pairs)


def _document(needs: Needs, row: Row, context: EvaluationContext) -> ColumnElement[Any]:
    names = {f.source for f in needs.fields.values() if f.of_record} | needs.currencies
    columns = {name: row.column(name) for name in sorted(names)}
    columns |= {f.source: row.value(f) for f in needs.fields.values() if f.side is not None}
    traits = [f.trait for f in needs.fields.values() if f.trait is not None]
    linked = [f.source for f in needs.fields.values() if f.on_link]
    parts: dict[str, Any] = {
        "id": row.id,
        "columns": _object(columns),
        "traits": _object({key: row.traits.op("->")(key) for key in traits}),
        "link": _object({name: row.column(name, on_link=True) for name in linked}),
        "related": _object({name: _others(needs, name, row, context) for name in needs.related}),
        "segments": _segments(needs, row) if needs.segments else _EMPTY_LIST,
        "roles": _roles(needs, row) if needs.roles else _EMPTY_LIST,
        "changes": _object({name: _changes(name, row, context) for name in needs.changes}),
        "events": _object(
            {name: _events(name, counted, row, context) for name, counted in needs.events.items()}
        ),
        "event_values": _object(
            {
                name: _events(name, counted, row, context, by_value=True)
                for name, counted in needs.event_values.items()
            }
        ),
    }
    return _object(parts)


def _list_of(item: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.jsonb_agg(item), _EMPTY_LIST)


def _others(needs: Needs, name: str, row: Row, context: EvaluationContext) -> ColumnElement[Any]:
    relation, inner = needs.related[name]
    listed = row.related(
        relation, inner.type, lambda other: select(_list_of(_document(inner, other, context)))
    )
    return listed.scalar_subquery()


def _segments(needs: Needs, row: Row) -> ColumnElement[Any]:
    names = kept(needs.type.memberships)
    members = memberships(names)
    wanted = bindparam(None, [UUID(s) for s in sorted(needs.segments)], type_=ARRAY(Uuid()))
    return row.beside(
        members,
        members.c[names.record] == row.id,
        members.c[names.set] == any_(wanted),
        members.c[names.left_at].is_(None),
        what=_list_of(members.c[names.set]),
    ).scalar_subquery()


def _roles(needs: Needs, row: Row) -> ColumnElement[Any]:
    names = kept(needs.type.holdings)
    held = holdings(names)
    wanted = bindparam(None, sorted(needs.roles), type_=ARRAY(Text()))
    parts = (names.role, names.member, names.valid_from, names.valid_to)
    one = func.jsonb_build_array(*(held.c[part] for part in parts))
    mine = held.c[names.record] == row.id
    return row.beside(
        held, mine, held.c[names.role] == any_(wanted), what=_list_of(one)
    ).scalar_subquery()


def _changes(name: str, row: Row, context: EvaluationContext) -> ColumnElement[Any]:
    """The last change until now and the first one after: no verdict or next change needs more."""
    names = kept(row.type.changes)
    found = changes(names)
    at = found.c[names.at]
    now = bindparam(None, context.now, type_=AT)
    return row.beside(
        found,
        *changes_of(names, found, name, row),
        what=func.jsonb_build_array(
            func.max(at).filter(at <= now),
            func.min(at).filter(at > now),
        ),
    ).scalar_subquery()


def _events(
    name: str,
    counted: Counted,
    row: Row,
    context: EvaluationContext,
    *,
    by_value: bool = False,
) -> ColumnElement[Any]:
    """Days that no window reaches back to are left where they are."""
    names = counted.days
    first = bindparam(None, context.today - timedelta(days=counted.back), type_=Date())
    days = event_values(names) if by_value else event_days(names)
    by_contact = names.contact if counted.by_contact else None
    who = func.nullif(days.c[by_contact], NOBODY) if by_contact else null()
    said = days.c[names.properties] if by_value else null()
    one = func.jsonb_build_array(days.c[names.day], days.c[names.count], who, said)
    return row.beside(
        days,
        days.c[names.record] == row.id,
        days.c[names.name] == name,
        days.c[names.day] >= first,
        what=_list_of(one),
    ).scalar_subquery()
