"""A rule evaluated in Python over one record's snapshot, and the explanation of the verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from shared.rules.syntax import nodes as n
from shared.rules.syntax.nodes import Op
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import EvaluationContext
from shared.rules.types.fold import fold
from shared.rules.types.instants import iso_date, iso_instant


@dataclass(frozen=True, slots=True)
class Holding:
    role: str
    member: str
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountedEvents:
    """Events of one name and day, and, where that is asked for, of one contact or with the same
    declared properties.
    """

    day: date
    count: int
    contact: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a rule can see of one record. Columns hold Python values, traits decoded JSON."""

    id: str
    columns: Mapping[str, Any]
    traits: Mapping[str, Any] = field(default_factory=dict)
    link: Mapping[str, Any] = field(default_factory=dict)
    related: Mapping[str, Sequence["Snapshot"]] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    roles: Sequence[Holding] = ()
    changes: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    events: Mapping[str, Sequence[CountedEvents]] = field(default_factory=dict)
    event_values: Mapping[str, Sequence[CountedEvents]] = field(default_factory=dict)


COMPARE: Final[dict[Op, Callable[[Any, Any], bool]]] = {
    Op.EQ: lambda a, b: bool(a == b),
    Op.NEQ: lambda a, b: bool(a != b),
    Op.LT: lambda a, b: bool(a < b),
    Op.LTE: lambda a, b: bool(a <= b),
    Op.GT: lambda a, b: bool(a > b),
    Op.GTE: lambda a, b: bool(a >= b),
}


def matches(rule: c.Rule, record: Snapshot, context: EvaluationContext) -> bool:
    return satisfies(rule.root, record, context)


def satisfies(node: c.Checked, record: Snapshot, context: EvaluationContext) -> bool:
    match node:
        case c.And(items):
            return all(satisfies(item, record, context) for item in items)
        case c.Or(items):
            return any(satisfies(item, record, context) for item in items)
        case c.Not(item):
            return not satisfies(item, record, context)
        case c.FieldTest():
            return _passes(node, record, context) != node.negated
        case c.RelatedMatch() | c.RelatedCount():
            return enough(node, len(matching(node, record, context)), record)
        case c.Member():
            return (node.segment in record.segments) != node.negated
        case c.Role():
            return bool(holders(node, record, context)) != node.negated
        case c.EventsCounted():
            return COMPARE[node.op](events_counted(node, record, context), node.count)


def enough(node: c.RelatedMatch | c.RelatedCount, count: int, record: Snapshot) -> bool:
    """Whether so many of the record's related ones that match are what the condition wants."""
    if isinstance(node, c.RelatedCount):
        return COMPARE[node.op](count, node.count)
    match node.quantifier:
        case n.Quantifier.ANY:
            return count > 0
        case n.Quantifier.NONE:
            return count == 0
        case n.Quantifier.ALL:
            return count == len(record.related[node.relation.name])


def matching(
    node: c.RelatedMatch | c.RelatedCount, record: Snapshot, context: EvaluationContext
) -> list[Snapshot]:
    others = record.related[node.relation.name]
    where = node.where
    if where is None:
        return list(others)
    return [other for other in others if satisfies(where, other, context)]


def holders(node: c.Role, record: Snapshot, context: EvaluationContext) -> list[str]:
    """The members who hold the role now; only the one asked for, if one is."""
    return [
        held.member
        for held in record.roles
        if held.role == node.role
        and node.member in {None, held.member}
        and held.valid_from <= context.now
        and (held.valid_to is None or held.valid_to > context.now)
    ]


def events_counted(node: c.EventsCounted, record: Snapshot, context: EvaluationContext) -> int:
    rows = (record.events if node.where is None else record.event_values).get(node.event, ())
    found = [
        counted
        for counted in rows
        if _in_days(node.window, counted.day, context)
        and (
            node.where is None
            or satisfies(node.where, Snapshot("", {}, counted.properties), context)
        )
    ]
    match node.tally:
        case n.Tally.EVENTS:
            return sum(counted.count for counted in found)
        case n.Tally.DAYS:
            return len({counted.day for counted in found if counted.count > 0})
        case n.Tally.CONTACTS:
            return len({counted.contact for counted in found if counted.count > 0} - {None})


def value_of(field_: Field, record: Snapshot) -> Any:
    """The field's value; None when it is missing or, for a trait, not of its type."""
    if field_.trait is None:
        return (record.link if field_.on_link else record.columns).get(field_.source)
    given = record.traits.get(field_.trait)
    match field_.type, given:
        case ((FieldType.TEXT | FieldType.SELECT | FieldType.ID), str()):
            return given
        case FieldType.BOOLEAN, bool():
            return given
        case ((FieldType.NUMBER | FieldType.CURRENCY), (int() | Decimal())):
            return None if isinstance(given, bool) else given
        case FieldType.DATE, str():
            return iso_date(given)
        case FieldType.DATETIME, str():
            return iso_instant(given)
        case FieldType.MULTI_SELECT, list():
            return given
        case _:
            return None


def _passes(node: c.FieldTest, record: Snapshot, context: EvaluationContext) -> bool:
    if isinstance(node.test, c.Changed):
        changes = record.changes.get(node.field.name, ())
        return any(at <= context.now and _inside(node.test.window, at, context) for at in changes)
    value = value_of(node.field, record)
    if value is None:
        return False
    return _test(node.field, node.test, value, record, context)


def _test(
    field_: Field, test: c.Test, value: Any, record: Snapshot, context: EvaluationContext
) -> bool:
    match test:
        case c.Present():
            return value not in ("", [])
        case c.Equals(values, currency):
            return value in values and _in_currency(field_, currency, record)
        case c.Numbers():
            return _between(test, value) and _in_currency(field_, test.currency, record)
        case c.Matches(how, needle):
            return _matches(how, needle, fold(value))
        case c.HasAny(values):
            return any(wanted in value for wanted in values)
        case c.HasAll(values):
            return all(wanted in value for wanted in values)
        case c.Days() | c.Instants():
            return _inside(test, value, context)
        case c.Anniversary(until):
            following = next_anniversary(value, context)
            return following is not None and following <= context.resolve(until)
        case c.Changed():
            raise AssertionError("a change is looked up in the history, not in the value")


def next_anniversary(value: date, context: EvaluationContext) -> date | None:
    """The next anniversary of the value's local day, as `EvaluationContext.anniversary` says."""
    return context.anniversary(context.local_day(value))


def _between(test: c.Numbers, value: Any) -> bool:
    above = test.low is None or _reaches(value, test.low, included=test.low_included)
    return above and (test.high is None or _reaches(test.high, value, included=test.high_included))


def _reaches(value: Any, end: Any, *, included: bool) -> bool:
    return bool(value >= end if included else value > end)


def _in_currency(field_: Field, currency: str | None, record: Snapshot) -> bool:
    if currency is None or field_.currency_column is None:
        return True
    return bool(record.columns.get(field_.currency_column) == currency)


def _matches(how: Op, needle: str, text: str) -> bool:
    match how:
        case Op.STARTS_WITH:
            return text.startswith(needle)
        case Op.ENDS_WITH:
            return text.endswith(needle)
        case _:
            return needle in text


def _inside(window: c.Days | c.Instants, value: Any, context: EvaluationContext) -> bool:
    if isinstance(window, c.Days):
        return _in_days(window, context.local_day(value), context)
    low, high = window.low, window.high
    above = low is None or _reaches(value, _at(low, context), included=low.included)
    return above and (high is None or _reaches(_at(high, context), value, included=high.included))


def _at(end: c.Instant, context: EvaluationContext) -> datetime:
    return context.now + end.base if isinstance(end.base, timedelta) else end.base


def _in_days(window: c.Days, day: date, context: EvaluationContext) -> bool:
    if window.first is not None and day < context.resolve(window.first):
        return False
    return window.last is None or day <= context.resolve(window.last)
