"""A rule whose names and types are resolved: what the four readers of a rule read.

The tests are the positive operators only. A negative one is its positive with `negated`, so that a
missing value has one meaning everywhere. Every test and every condition says by `asks` what it
wants to know of the moment: readers that keep a verdict for longer look there and nowhere else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

from shared.rules.syntax import nodes as n
from shared.rules.types.catalog import (
    EventDays,
    Field,
    FieldType,
    Holdings,
    RecordType,
    Relation,
)
from shared.rules.types.context import Asks, Day


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value, and it is not empty."""

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Equals:
    """The value is one of these."""

    values: tuple[str | int | Decimal | bool, ...]
    currency: str | None = None

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Numbers:
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    low_included: bool = True
    high_included: bool = True
    currency: str | None = None

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Matches:
    """The folded text contains, starts or ends with the folded `needle`."""

    how: n.Op
    needle: str

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class HasAny:
    values: tuple[str, ...]

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class HasAll:
    values: tuple[str, ...]

    def asks(self, _: Field) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Days:
    """The local day is `first`, `last` or between them."""

    first: Day | None = None
    last: Day | None = None

    def asks(self, field: Field) -> Asks:
        if any(day is not None and day.moves for day in (self.first, self.last)):
            return Asks.TODAY | Asks.CALENDAR
        return Asks.CALENDAR if field.type is FieldType.DATETIME else Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant, or now moved by a length of time."""

    base: datetime | timedelta
    included: bool


@dataclass(frozen=True, slots=True)
class Instants:
    """A moving `low` is never included and a moving `high` always: both change at one instant."""

    low: Instant | None = None
    high: Instant | None = None

    def asks(self, _: Field) -> Asks:
        ends = (self.low, self.high)
        moving = any(end is not None and isinstance(end.base, timedelta) for end in ends)
        return Asks.NOW if moving else Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Changed:
    """The value changed, not later than now, in this window."""

    window: Days | Instants

    def asks(self, _: Field) -> Asks:
        return Asks.NOW | Asks.CALENDAR if isinstance(self.window, Days) else Asks.NOW


@dataclass(frozen=True, slots=True)
class Anniversary:
    """An anniversary of the local day is today, `until` or between them."""

    until: Day

    def asks(self, _: Field) -> Asks:
        return Asks.TODAY | Asks.CALENDAR


Timeless = Present | Equals | Numbers | Matches | HasAny | HasAll
"""Tests whose answer only data can change."""
Test = Timeless | Days | Instants | Changed | Anniversary
"""Every reader of a test matches all of these, and mypy refuses one that leaves one out."""


@dataclass(frozen=True, slots=True)
class And:
    items: tuple["Checked", ...]
    source: n.Node

    @property
    def asks(self) -> Asks:
        return _asked_by(self.items)


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple["Checked", ...]
    source: n.Node

    @property
    def asks(self) -> Asks:
        return _asked_by(self.items)


@dataclass(frozen=True, slots=True)
class Not:
    item: "Checked"
    source: n.Node

    @property
    def asks(self) -> Asks:
        return self.item.asks


@dataclass(frozen=True, slots=True)
class FieldTest:
    type: RecordType
    field: Field
    test: Test
    negated: bool
    source: n.Node

    @property
    def asks(self) -> Asks:
        return self.test.asks(self.field)


@dataclass(frozen=True, slots=True)
class RelatedMatch:
    """Some, all or none of the related records satisfy `where`; no `where` is always satisfied."""

    relation: Relation
    target: RecordType
    quantifier: n.Quantifier
    where: "Checked | None"
    source: n.Node

    @property
    def asks(self) -> Asks:
        return Asks.NOTHING if self.where is None else self.where.asks


@dataclass(frozen=True, slots=True)
class RelatedCount:
    relation: Relation
    target: RecordType
    op: n.Op
    count: int
    where: "Checked | None"
    source: n.Node

    @property
    def asks(self) -> Asks:
        return Asks.NOTHING if self.where is None else self.where.asks


@dataclass(frozen=True, slots=True)
class Member:
    type: RecordType
    segment: str
    negated: bool
    source: n.Node

    @property
    def asks(self) -> Asks:
        return Asks.NOTHING


@dataclass(frozen=True, slots=True)
class Role:
    type: RecordType
    holdings: Holdings
    role: str
    member: str | None
    negated: bool
    source: n.Node

    @property
    def asks(self) -> Asks:
        return Asks.NOW


@dataclass(frozen=True, slots=True)
class EventsCounted:
    type: RecordType
    days: EventDays
    event: str
    within_days: int
    window: Days
    op: n.Op
    count: int
    event_type: RecordType | None
    """What `where` is about: an event with its declared properties."""
    where: "Checked | None"
    """Never moves by itself: what an event says is what it said."""
    tally: n.Tally
    source: n.Node

    @property
    def asks(self) -> Asks:
        return Asks.TODAY | Asks.CALENDAR


Checked = And | Or | Not | FieldTest | RelatedMatch | RelatedCount | Member | Role | EventsCounted


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule ready for use, over records of one type. Itself the key of what is made from it."""

    type: RecordType
    root: Checked
    written: n.Node


def children(node: Checked) -> tuple[Checked, ...]:
    match node:
        case And(items=items) | Or(items=items):
            return items
        case Not(item=item):
            return (item,)
        case RelatedMatch(where=where) | RelatedCount(where=where) if where is not None:
            return (where,)
        case EventsCounted(where=where) if where is not None:
            return (where,)
        case _:
            return ()


def walk(node: Checked) -> Iterator[Checked]:
    yield node
    for child in children(node):
        yield from walk(child)


def _asked_by(items: Iterable[Checked]) -> Asks:
    return reduce(or_, (item.asks for item in items), Asks.NOTHING)
