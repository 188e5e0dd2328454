"""What is said of a record's health, beside what was said before."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from accounts_api.signals.scoring.definition import Definition

_TOLD: Final = 2
"""Measures that a change is told with."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds, and what was computed beneath an override."""

    score: int | None
    label: str | None
    computed_score: int | None
    computed_label: str | None
    definition_key: str | None
    definitions_version: int | None
    points: list[int | None] | None
    null_reason: str | None
    capped_by: str | None
    override_id: UUID | None

    def as_row(self) -> dict[str, Any]:
        """By column. Written out: of many records, `asdict` would take longer than all else."""
        return {
            "score": self.score,
            "label": self.label,
            "computed_score": self.computed_score,
            "computed_label": self.computed_label,
            "definition_key": self.definition_key,
            "definitions_version": self.definitions_version,
            "points": self.points,
            "null_reason": self.null_reason,
            "capped_by": self.capped_by,
            "override_id": self.override_id,
        }

    def as_decided(self) -> tuple[object, ...]:
        """All but the points: what is kept for ever when it changes."""
        return (
            self.score,
            self.label,
            self.computed_score,
            self.computed_label,
            self.definition_key,
            self.definitions_version,
            self.null_reason,
            self.capped_by,
            self.override_id,
        )


NOTHING: Final = Verdict(None, None, None, None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a record."""

    verdict: Verdict
    label_since: datetime
    told_score: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A measure whose points became others, in hundredths."""

    key: str
    before: int | None
    after: int | None


def moved_most(
    definition: Definition | None, before: Verdict | None, after: Verdict
) -> list[Moved]:
    """The measures that moved the score most, if one list scored it both times."""
    if definition is None or before is None or before.points is None or after.points is None:
        return []
    same = ("definition_key", "definitions_version")
    if any(getattr(before, name) != getattr(after, name) for name in same):
        return []
    weights = _weights(definition)
    moved = [
        (abs(weight * ((now or 0) - (was or 0))), Moved(measure.key, was, now))
        for measure, weight, was, now in zip(
            definition.measures, weights, before.points, after.points, strict=True
        )
        if was != now
    ]
    return [each for _, each in sorted(moved, key=lambda pair: -pair[0])[:_TOLD]]


def _weights(definition: Definition) -> list[Fraction]:
    """Of each measure in the score, as if none were skipped."""
    total = sum(group.weight for group in definition.groups)
    return [
        Fraction(group.weight, total) * Fraction(measure.weight, own)
        for group in definition.groups
        if (own := sum(each.weight for each in group.measures))
        for measure in group.measures
    ]


def is_told(before: Stored | None, score: int | None, delta: int) -> bool:
    """Whether the score has moved far enough since it was last told."""
    told = None if before is None else before.told_score
    return told is not None and score is not None and abs(score - told) >= delta
