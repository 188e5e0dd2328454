"""A metric ready for use: names resolved, sources typed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from accounts_api.language.formulas.typed import Gathered
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, RecordType, Relation

Unit = Literal["number", "percent", "amount", "days"]
FieldReading = Literal["value", "days_since", "days_until"]
LONGEST_WINDOW: Final = 400
MOST_DEEP: Final = 3
"""How many metrics may stand behind one another."""


@dataclass(frozen=True, slots=True)
class Window:
    """Local days up to today, moved back by `offset`."""

    days: int
    offset: int

    def moved(self, days: int) -> "Window":
        return Window(self.days, self.offset + days)


@dataclass(frozen=True, slots=True)
class Happened:
    """Which product events are counted: those of these names, or of any."""

    names: tuple[str, ...] | None
    window: Window


@dataclass(frozen=True, slots=True)
class Events:
    happened: Happened


@dataclass(frozen=True, slots=True)
class ActiveDays:
    happened: Happened


@dataclass(frozen=True, slots=True)
class PropertySum:
    """The sum of a declared number over the events that have it."""

    happened: Happened
    property: str


@dataclass(frozen=True, slots=True)
class ActiveContacts:
    """Contacts with at least so many of the events. With `where`, those alone that belong to the
    record and match.
    """

    happened: Happened
    at_least: int
    path: tuple[tuple[Relation, RecordType], ...]
    where: c.Checked | None


@dataclass(frozen=True, slots=True)
class FieldOf:
    field: Field
    reading: FieldReading


@dataclass(frozen=True, slots=True)
class Related:
    """A count, a sum or the like over related records, as formulas have it."""

    gathered: Gathered


@dataclass(frozen=True, slots=True)
class Constant:
    value: Decimal


@dataclass(frozen=True, slots=True)
class Other:
    """Another metric, as its definition makes it of the day so many days ago."""

    metric: "Metric"
    days_ago: int


OfEvents = Events | ActiveDays | PropertySum | ActiveContacts
Source = OfEvents | FieldOf | Related | Constant | Other


@dataclass(frozen=True, slots=True)
class Metric:
    """Over records of `type`. `decimals` and the ends of the cap hold for the final value."""

    id: UUID
    key: str
    title: str
    type: RecordType
    unit: Unit
    numerator: Source
    denominator: Source | None
    decimals: int
    minimum: Decimal | None
    maximum: Decimal | None

    @property
    def sources(self) -> tuple[Source, ...]:
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def depth(self) -> int:
        """How many metrics stand behind one another, this one aside."""
        inner = [1 + one.metric.depth for one in self.sources if isinstance(one, Other)]
        return max(inner, default=0)


def walk(metric: Metric, days_ago: int = 0) -> Iterator[tuple[Source, int]]:
    """Its sources and those of the metrics that it reads, each with how many days ago it is asked
    for; another metric comes before its own sources.
    """
    for source in metric.sources:
        yield source, days_ago
        if isinstance(source, Other):
            yield from walk(source.metric, days_ago + source.days_ago)


def happenings(metric: Metric) -> list[tuple[Happened, int]]:
    """What product events it counts, each with how many days ago."""
    return [
        (source.happened, ago)
        for source, ago in walk(metric)
        if isinstance(source, Events | ActiveDays | ActiveContacts | PropertySum)
    ]


def is_of_events(source: Source) -> bool:
    """Whether what it was on a day that is past follows from the daily roll-ups alone."""
    if isinstance(source, ActiveContacts):
        return source.where is None
    return isinstance(source, Events | ActiveDays | PropertySum | Constant)


@dataclass(frozen=True, slots=True)
class Stored:
    """A definition as it is kept. `document` holds what the two sources are, and how the value is
    worked out of them.
    """

    id: UUID
    key: str
    title: str
    record_type: str
    document: Mapping[str, Any]
