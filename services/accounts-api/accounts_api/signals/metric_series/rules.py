"""A metric on a day that is past, of what was read of one record."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from accounts_api.language.formulas.values import number
from accounts_api.signals.event_counts.rules import NOBODY
from accounts_api.signals.metric_documents.arithmetic import Given, Worked, worked_out
from accounts_api.signals.metric_documents.documents import (
    ActiveContacts,
    ActiveDays,
    Constant,
    Events,
    FieldOf,
    Happened,
    Metric,
    Other,
    PropertySum,
    Related,
    Source,
    happenings,
    walk,
)
from shared.rules.interpreter.evaluate import Snapshot, value_of
from shared.rules.types.catalog import FieldType
from shared.rules.types.context import EvaluationContext

MOST_POINTS: Final = 400
MOST_POINTS_OF_RELATED: Final = 60
"""Of a metric that reads related records: each point looks at them as they were."""


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A row of a roll-up: events of one name and contact on a day."""

    name: str
    day: date
    contact_id: UUID
    count: int
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RollUp:
    """Rows by day."""

    rows: Sequence[CountedDay]
    days: Sequence[date]

    @classmethod
    def of(cls, rows: Sequence[CountedDay]) -> "RollUp":
        ordered = sorted(rows, key=lambda row: row.day)
        return cls(ordered, [row.day for row in ordered])

    def within(self, happened: Happened, day: date, ago: int) -> Iterator[CountedDay]:
        first, last = window_of(happened, day, ago)
        begin, end = bisect_left(self.days, first), bisect_right(self.days, last)
        names = happened.names
        return (row for row in self.rows[begin:end] if names is None or row.name in names)


def window_of(happened: Happened, day: date, ago: int) -> tuple[date, date]:
    """The first and the last day that count on `day`."""
    last = day - timedelta(days=happened.window.offset + ago)
    return last - timedelta(days=happened.window.days - 1), last


@dataclass(frozen=True, slots=True)
class Past:
    """What was read of one record."""

    events: RollUp
    valued: RollUp
    """Those with declared properties."""
    record: Snapshot
    """The record as it was at the end of the day."""
    context: EvaluationContext


def value_on(metric: Metric, day: date, past: Past, ago: int = 0) -> Worked:
    numerator = given(metric.numerator, day, past, ago)
    denominator = None
    if metric.denominator is not None:
        denominator = given(metric.denominator, day, past, ago)
    return worked_out(metric, numerator, denominator)


def given(source: Source, day: date, past: Past, ago: int) -> Given:
    match source:
        case Constant(value):
            return Given(Fraction(value))
        case FieldOf():
            return _field(source, day, past)
        case Other(metric, days_ago):
            inner = value_on(metric, day, past, ago + days_ago).value
            return Given(None if inner is None else Fraction(inner))
        case Events(happened):
            return Given(Fraction(sum(r.count for r in past.events.within(happened, day, ago))))
        case ActiveDays(happened):
            days: Counter[date] = Counter()
            for row in past.events.within(happened, day, ago):
                days[row.day] += row.count
            return Given(Fraction(sum(count > 0 for count in days.values())))
        case ActiveContacts():
            counted = contacts_counted(source, day, past, ago)
            return Given(Fraction(sum(count >= source.at_least for count in counted.values())))
        case PropertySum(happened, key):
            total = Fraction(0)
            for row in past.valued.within(happened, day, ago):
                summand = row.properties.get(key)
                if isinstance(summand, int | float) and not isinstance(summand, bool):
                    total += Fraction(number(summand)) * row.count
            return Given(total)
        case Related():
            raise AssertionError("what related records were is asked of the database")


def contacts_counted(source: ActiveContacts, day: date, past: Past, ago: int) -> Mapping[UUID, int]:
    """How often each known contact did it."""
    times: Counter[UUID] = Counter()
    for row in past.events.within(source.happened, day, ago):
        if row.contact_id != NOBODY:
            times[row.contact_id] += row.count
    return times


def _field(source: FieldOf, day: date, past: Past) -> Given:
    value = value_of(source.field, past.record)
    if value is None:
        return Given(None)
    if source.reading == "value":
        currency = None
        if source.field.type is FieldType.CURRENCY:
            column = source.field.currency_column
            currency = past.record.columns.get(column) if column else source.field.currency
        return Given(Fraction(number(value)), currency)
    days = (day - past.context.local_day(value)).days
    return Given(Fraction(days if source.reading == "days_since" else -days))


def reads_related(metric: Metric) -> bool:
    """Whether it reads other records, which are not in this one's history."""
    return any(
        isinstance(source, Related)
        or (isinstance(source, ActiveContacts) and source.where is not None)
        for source, _ in walk(metric)
    )


def longest_way_back(metric: Metric) -> int:
    """How many days before a day are counted on it, at most."""
    ways = [
        happened.window.days + happened.window.offset + ago for happened, ago in happenings(metric)
    ]
    return max(ways, default=0)


def days_of(first: date, last: date, step: str) -> list[date]:
    """The last day of each step, of those that begin in between; a week ends on Sunday."""
    found, day = [], first
    while day <= last:
        if step == "day":
            end = day
        elif step == "week":
            end = day + timedelta(days=6 - day.weekday())
        else:
            end = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        found.append(min(end, last))
        day = end + timedelta(days=1)
    return found


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One entry of a record's history."""

    field: str
    old: Any
    new: Any
    valid_from: datetime
    known_at: datetime
    id: UUID


def held(changes: Sequence[FieldChange], at: datetime, now: Any) -> Any:
    """What a field was at an instant, of all its changes and what it is now."""
    known = [change for change in changes if change.valid_from <= at]
    if known:
        return max(known, key=lambda one: (one.valid_from, one.known_at, one.id)).new
    if changes:
        return min(changes, key=lambda one: (one.known_at, one.id)).old
    return now
