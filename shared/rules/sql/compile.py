"""A rule as SQL: one boolean expression over a record's row, every value a bound parameter.

The same expression serves a whole set, a list of ids and one record: the caller writes the WHERE.
NULL counts as false; a negation is `IS NOT TRUE`, so that it holds for a missing value.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.rules.sql.beside import (
    changes,
    changes_of,
    event_days,
    event_values,
    holdings,
    kept,
    memberships,
)
from shared.rules.sql.dates import next_anniversary
from shared.rules.sql.rows import COLUMN_TYPES, Row
from shared.rules.syntax import nodes as n
from shared.rules.syntax.values import format_number
from shared.rules.types import typed as c
from shared.rules.types.catalog import NOBODY, EventDays, Field, FieldType
from shared.rules.types.context import Day, EvaluationContext

COMPARE: Final[dict[n.Op, Callable[[Any, Any], Any]]] = {
    n.Op.EQ: eq,
    n.Op.NEQ: ne,
    n.Op.LT: lt,
    n.Op.LTE: le,
    n.Op.GT: gt,
    n.Op.GTE: ge,
}
_CONTAINMENTS: Final = 16
"""Up to this many values each becomes a `traits @> …`, which a GIN index answers."""


def verdict(rule: c.Rule, row: FromClause, context: EvaluationContext) -> ColumnElement[bool]:
    """True where `row`, a selection of `rule.type`'s table, satisfies the rule."""
    return Compiler(context).node(rule.root, Row(rule.type, row))


class Compiler:
    def __init__(self, context: EvaluationContext) -> None:
        self.context = context

    def node(self, node: c.Checked, row: Row) -> ColumnElement[bool]:
        match node:
            case c.And(items):
                return and_(true(), *(self.node(item, row) for item in items))
            case c.Or(items):
                return or_(false(), *(self.node(item, row) for item in items))
            case c.Not(item):
                return self.node(item, row).is_not(true())
            case c.FieldTest():
                tested = self.test(node.field, node.test, row)
                return tested.is_not(true()) if node.negated else tested
            case c.RelatedMatch():
                return self.others(node, row)
            case c.RelatedCount():
                counted = self.matching(node, row, func.count(), inverse=False)
                return _count(node.op, counted, node.count)
            case c.Member():
                return self.member(node, row)
            case c.Role():
                return self.role(node, row)
            case c.EventsCounted():
                return self.events(node, row)

    def others(self, node: c.RelatedMatch, row: Row) -> ColumnElement[bool]:
        every = node.quantifier is n.Quantifier.ALL
        if every and node.where is None:
            return true()
        found = exists(self.matching(node, row, 1, inverse=every))
        return found if node.quantifier is n.Quantifier.ANY else ~found

    def matching(
        self, node: c.RelatedMatch | c.RelatedCount, row: Row, what: Any, *, inverse: bool
    ) -> Select[Any]:
        def chosen(other: Row) -> Select[Any]:
            statement: Select[Any] = select(what)
            if node.where is None:
                return statement
            inner = self.node(node.where, other)
            return statement.where(inner.is_not(true()) if inverse else inner)

        return row.related(node.relation, node.target, chosen)

    def member(self, node: c.Member, row: Row) -> ColumnElement[bool]:
        names = kept(node.type.memberships)
        members = memberships(names)
        found = exists(
            row.beside(
                members,
                members.c[names.set] == UUID(node.segment),
                members.c[names.record] == row.id,
                members.c[names.left_at].is_(None),
            )
        )
        return ~found if node.negated else found

    def role(self, node: c.Role, row: Row) -> ColumnElement[bool]:
        names, now = node.holdings, self.context.now
        held = holdings(names)
        until = held.c[names.valid_to]
        found = exists(
            row.beside(
                held,
                *assigned(node, held, row),
                held.c[names.valid_from] <= now,
                or_(until.is_(None), until > now),
            )
        )
        return ~found if node.negated else found

    def events(self, node: c.EventsCounted, row: Row) -> ColumnElement[bool]:
        names = node.days
        days = event_days(names)
        matching: list[ColumnElement[bool]] = []
        if node.where is not None and node.event_type is not None:
            days = event_values(names)
            matching.append(self.node(node.where, Row(node.event_type, days)))
        first, last = node.window.first, node.window.last
        counted = row.beside(
            days,
            days.c[names.record] == row.id,
            days.c[names.name] == node.event,
            days.c[names.day].between(
                self.context.resolve(first) if first else None,
                self.context.resolve(last) if last else None,
            ),
            *matching,
            what=_tallied(node.tally, names, days),
        )
        return _count(node.op, counted, node.count)

    def test(self, field: Field, test: c.Test, row: Row) -> ColumnElement[bool]:
        if field.side is None or field.side.otherwise is not None:
            return self.test_value(field, test, row.value(field), row)
        # Looked for where it stands: an index over the values of the table beside serves.
        beside, mine = row.side(field.side, COLUMN_TYPES[field.type])
        passes = self.test_value(field, test, beside.c[field.side.value], row)
        return exists(row.beside(beside, *mine, passes))

    def test_value(
        self, field: Field, test: c.Test, value: ColumnElement[Any], row: Row
    ) -> ColumnElement[bool]:
        match test:
            case c.Present():
                return _present(field, value)
            case c.Equals():
                equal = _equals(field, test, value, row)
                return _in_currency(equal, test.currency, field, row)
            case c.Numbers():
                between = _between(test, value, field)
                return _in_currency(between, test.currency, field, row)
            case c.Matches():
                return func.fold(value).like(_pattern(test))
            case c.HasAny(values) | c.HasAll(values):
                return _has(field, values, row, every=isinstance(test, c.HasAll))
            case c.Days():
                return self.days(test, value, instants=field.type is FieldType.DATETIME)
            case c.Instants():
                return self.instants(test, value)
            case c.Anniversary(until):
                following = next_anniversary(value, field, self.context)
                return following <= self.context.resolve(until)
            case c.Changed():
                return self.changed(field, test, row)

    def days(
        self, window: c.Days, value: ColumnElement[Any], *, instants: bool
    ) -> ColumnElement[bool]:
        """Bounds are worked out here, so that the column is compared with plain constants."""
        ends: list[ColumnElement[bool]] = []
        if window.first is not None:
            first = self.context.resolve(window.first)
            ends.append(value >= (self.context.day_start(first) if instants else first))
        if window.last is not None:
            if instants:
                after = self.context.resolve(Day(window.last.base, window.last.plus + 1))
                ends.append(value < self.context.day_start(after))
            else:
                ends.append(value <= self.context.resolve(window.last))
        return and_(*ends)

    def instants(self, window: c.Instants, value: ColumnElement[Any]) -> ColumnElement[bool]:
        ends: list[ColumnElement[bool]] = []
        for end, strict, loose in ((window.low, gt, ge), (window.high, lt, le)):
            if end is not None:
                at = end.base
                at = self.context.now + at if isinstance(at, timedelta) else at
                ends.append((loose if end.included else strict)(value, at))
        return and_(*ends)

    def changed(self, field: Field, test: c.Changed, row: Row) -> ColumnElement[bool]:
        names = kept(row.type.changes)
        found = changes(names)
        at = found.c[names.at]
        if isinstance(test.window, c.Days):
            inside = self.days(test.window, at, instants=True)
        else:
            inside = self.instants(test.window, at)
        where = (*changes_of(names, found, field.name, row), at <= self.context.now, inside)
        return exists(row.beside(found, *where))


def _tallied(tally: n.Tally, names: EventDays, days: FromClause) -> ColumnElement[Any]:
    """A day that counts nothing any more, because what it counted was another's, is no day."""
    count = days.c[names.count]
    if tally is n.Tally.EVENTS:
        return func.coalesce(func.sum(count), 0)
    if tally is n.Tally.DAYS:
        return func.count(days.c[names.day].distinct()).filter(count > 0)
    who = days.c[names.contact or ""]
    return func.count(who.distinct()).filter(count > 0, who != NOBODY)


def assigned(node: c.Role, held: FromClause, row: Row) -> list[ColumnElement[bool]]:
    names = node.holdings
    who = [] if node.member is None else [held.c[names.member] == UUID(node.member)]
    return [held.c[names.record] == row.id, held.c[names.role] == node.role, *who]


def _count(op: n.Op, counted: Select[Any], count: int) -> ColumnElement[bool]:
    compared: ColumnElement[bool] = COMPARE[op](
        counted.scalar_subquery(), bindparam(None, count, type_=BigInteger())
    )
    return compared


def _present(field: Field, value: ColumnElement[Any]) -> ColumnElement[bool]:
    if field.type in {FieldType.TEXT, FieldType.SELECT}:
        return value != ""
    if field.type is FieldType.MULTI_SELECT:
        length = func.jsonb_array_length if field.trait else func.cardinality
        return length(value) > 0
    return value.is_not(None)


def _equals(
    field: Field, test: c.Equals, value: ColumnElement[Any], row: Row
) -> ColumnElement[bool]:
    if field.trait is not None and len(test.values) <= _CONTAINMENTS:
        return or_(*(_contains(row, field.trait, item) for item in test.values))
    if field.type is FieldType.BOOLEAN:
        return value.is_(true() if test.values[0] else false())
    if field.trait is None:
        kind = COLUMN_TYPES[field.type]
    else:
        kind = Numeric() if field.type in {FieldType.NUMBER, FieldType.CURRENCY} else Text()
    values: list[object] = list(test.values)
    if isinstance(kind, Uuid):
        values = [UUID(str(item)) for item in values]
    elif isinstance(kind, Numeric):
        values = [Decimal(str(item)) for item in values]
    if len(values) == 1:
        return value == bindparam(None, values[0], type_=kind)
    return value == any_(bindparam(None, values, type_=ARRAY(kind)))


def _contains(row: Row, trait: str, wanted: object) -> ColumnElement[bool]:
    """`traits @> {"trait": wanted}`; the document travels as text, whatever the engine's codec."""
    match wanted:
        case Decimal() | int() if not isinstance(wanted, bool):
            written = f"{{{json.dumps(trait)}: {format_number(wanted)}}}"
        case _:
            written = json.dumps({trait: wanted})
    document = cast(bindparam(None, written, type_=Text()), JSONB())
    return row.traits.contains(document)


def _number(number: int | Decimal, field: Field) -> ColumnElement[Any]:
    """Of the column's own type, so that an index on it serves."""
    if field.type is FieldType.CURRENCY and field.trait is None:
        return bindparam(None, number, type_=BigInteger())
    return bindparam(None, Decimal(number), type_=Numeric())


def _between(test: c.Numbers, value: ColumnElement[Any], field: Field) -> ColumnElement[bool]:
    ends: list[ColumnElement[bool]] = []
    if test.low is not None:
        low = _number(test.low, field)
        ends.append(value >= low if test.low_included else value > low)
    if test.high is not None:
        high = _number(test.high, field)
        ends.append(value <= high if test.high_included else value < high)
    return and_(*ends)


def _in_currency(
    tested: ColumnElement[bool], currency: str | None, field: Field, row: Row
) -> ColumnElement[bool]:
    if currency is None or field.currency_column is None:
        return tested
    return and_(tested, row.column(field.currency_column) == currency)


def _pattern(test: c.Matches) -> str:
    text = test.needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    before = "" if test.how is n.Op.STARTS_WITH else "%"
    after = "" if test.how is n.Op.ENDS_WITH else "%"
    return f"{before}{text}{after}"


def _has(field: Field, values: tuple[str, ...], row: Row, *, every: bool) -> ColumnElement[bool]:
    if field.trait is not None:
        if every:
            return _contains(row, field.trait, list(values))
        return or_(*(_contains(row, field.trait, [value]) for value in values))
    held = row.value(field)
    wanted = bindparam(None, list(values), type_=ARRAY(Text()))
    return held.op("@>" if every else "&&", is_comparison=True)(wanted)
