"""A rule whose names and types are resolved: what the four readers of a rule read.

The tests are the positive operators only. A negative one is its positive with `negated`, so that a
missing value has one meaning everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts_api.rules.catalog import EventDays, Field, FieldType, RecordType, Relation
from accounts_api.rules.moment import Day
from accounts_api.rules.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value, and it is not empty."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The value is one of these."""

    values: tuple[str | int | Decimal | bool, ...]
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    low: int | Decimal | None = None
    high: int | Decimal | None = None
    low_included: bool = True
    high_included: bool = True
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """The folded text contains, starts or ends with the folded `needle`."""

    how: n.Op
    needle: str


@dataclass(frozen=True, slots=True)
class HasAny:
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasAll:
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """The local day is `first`, `last` or between them."""

    first: Day | None = None
    last: Day | None = None


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


@dataclass(frozen=True, slots=True)
class Changed:
    """The value changed, not later than now, in this window."""

    window: Days | Instants


Test = Present | Equals | Numbers | Matches | HasAny | HasAll | Days | Instants | Changed


@dataclass(frozen=True, slots=True)
class Every:
    items: tuple["Checked", ...]
    source: n.Node


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple["Checked", ...]
    source: n.Node


@dataclass(frozen=True, slots=True)
class Inverse:
    item: "Checked"
    source: n.Node


@dataclass(frozen=True, slots=True)
class FieldTest:
    type: RecordType
    field: Field
    test: Test
    negated: bool
    source: n.Node


@dataclass(frozen=True, slots=True)
class Others:
    """Some, all or none of the related records satisfy `where`; no `where` is always satisfied."""

    relation: Relation
    target: RecordType
    quantifier: n.Quantifier
    where: "Checked | None"
    source: n.Node


@dataclass(frozen=True, slots=True)
class OthersCounted:
    relation: Relation
    target: RecordType
    op: n.Op
    count: int
    where: "Checked | None"
    source: n.Node


@dataclass(frozen=True, slots=True)
class Member:
    type: RecordType
    segment: str
    negated: bool
    source: n.Node


@dataclass(frozen=True, slots=True)
class Role:
    type: RecordType
    column: str
    role: str
    member: str | None
    negated: bool
    source: n.Node


@dataclass(frozen=True, slots=True)
class EventsCounted:
    type: RecordType
    days: EventDays
    event: str
    within_days: int
    window: Days
    op: n.Op
    count: int
    source: n.Node


Checked = (
    Every | Either | Inverse | FieldTest | Others | OthersCounted | Member | Role | EventsCounted
)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule ready for use, over records of one type. Itself the key of what is made from it."""

    type: RecordType
    root: Checked
    written: n.Node


def children(node: Checked) -> tuple[Checked, ...]:
    match node:
        case Every(items=items) | Either(items=items):
            return items
        case Inverse(item=item):
            return (item,)
        case Others(where=where) | OthersCounted(where=where) if where is not None:
            return (where,)
        case _:
            return ()


def walk(node: Checked) -> Iterator[Checked]:
    yield node
    for child in children(node):
        yield from walk(child)


def moves(node: Checked) -> bool:
    """Whether time alone can change the verdict."""
    match node:
        case FieldTest(test=Days() as days):
            return _window_moves(days)
        case FieldTest(test=Instants() as instants):
            return _window_moves(instants)
        case FieldTest(test=Changed()) | Role() | EventsCounted():
            return True
        case _:
            return any(moves(child) for child in children(node))


def asks_for_now(node: Checked) -> bool:
    """Whether the instant matters, and not only the day."""
    match node:
        case FieldTest(test=Instants() as instants):
            return _window_moves(instants)
        case FieldTest(test=Changed()) | Role():
            return True
        case _:
            return any(asks_for_now(child) for child in children(node))


def asks_for_days(node: Checked) -> bool:
    """Whether it matters what a local day is: the zone, the fiscal year, the holidays."""
    match node:
        case FieldTest(test=Days() as days, field=field):
            return field.type is FieldType.DATETIME or _window_moves(days)
        case FieldTest(test=Changed(window=Days())) | EventsCounted():
            return True
        case _:
            return any(asks_for_days(child) for child in children(node))


def _window_moves(window: Days | Instants) -> bool:
    if isinstance(window, Days):
        return any(day is not None and day.moves for day in (window.first, window.last))
    ends = (window.low, window.high)
    return any(end is not None and isinstance(end.base, timedelta) for end in ends)
