"""A health definition after it was read; every number is exact."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

Tone = Literal["bad", "warn", "good"]
GroupMode = Literal["weighted", "worst"]
ChildrenMode = Literal["average", "worst"]
WeighedBy = Literal["arr", "none"]
Value = Decimal | int | str | bool
"""What a record has for an input, unless it has none."""
FULL: Final = 10_000
"""A hundred points, in hundredths."""


@dataclass(frozen=True, slots=True)
class Band:
    start: Decimal | None
    """The least value in it; None: it has no lower end."""
    points: int


@dataclass(frozen=True, slots=True)
class Bands:
    bands: tuple[Band, ...]
    """Ascending; the first has no start."""


@dataclass(frozen=True, slots=True)
class Linear:
    start: Decimal
    """The value that has no points; may be above `end`."""
    end: Decimal


@dataclass(frozen=True, slots=True)
class ValuePoints:
    values: tuple[tuple[str, int], ...]
    """Booleans are `true` and `false`."""
    other: int | None
    """None: another value is no value."""


PointsRule = Bands | Linear | ValuePoints


@dataclass(frozen=True, slots=True)
class Measure:
    key: str
    input: str
    weight: int
    points: PointsRule
    when_null: int | None = None
    """None: it is skipped, and its weight is spread over its group."""
    not_actionable: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    weight: int
    measures: tuple[Measure, ...]
    mode: GroupMode = "weighted"


@dataclass(frozen=True, slots=True)
class Label:
    key: str
    start: int
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    title: str
    rule: dict[str, Any] | str
    at_most: int


@dataclass(frozen=True, slots=True)
class FromChildren:
    """The score of a parent is made of those of its children."""

    weigh_by: WeighedBy
    mode: ChildrenMode
    where: dict[str, Any] | str | None = None
    score: str = "overall"
    """The id or key of the score that the children have."""


@dataclass(frozen=True, slots=True)
class Definition:
    key: str
    title: str
    segment: str | None
    """The id or key of the segment whose records it scores; None: every record."""
    labels: tuple[Label, ...]
    groups: tuple[Group, ...] = ()
    caps: tuple[Cap, ...] = ()
    minimum_weight: int = 0
    """In percent of all weight."""
    from_children: FromChildren | None = None
    """Instead of groups."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for group in self.groups for measure in group.measures)

    def spans(self) -> tuple[range, ...]:
        """Of each group, the places of its measures among all of them."""
        spans, first = [], 0
        for group in self.groups:
            spans.append(range(first, first + len(group.measures)))
            first += len(group.measures)
        return tuple(spans)

    def label_of(self, score: int) -> Label:
        """The last label that begins at or below the score."""
        return [label for label in self.labels if label.start <= score][-1]
