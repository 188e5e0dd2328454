"""What changed between two scores of a record, in lines that add up to the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from accounts_api.signals.score_reasons.contributions import (
    Contributions,
    contributions,
    effective_weights,
    weighed,
)
from accounts_api.signals.scoring.definition import Definition, Value
from accounts_api.signals.scoring.points import points_of
from accounts_api.signals.scoring.score import Score, uncapped_score

LineKind = Literal["definition", "measure", "weights", "children", "cap", "override", "rounding"]


@dataclass(frozen=True, slots=True)
class Decided:
    """A score as it was decided: by which definition, out of what."""

    definition: Definition
    version: int
    values: Mapping[str, Value | None]
    """By the key of the measure."""
    score: Score
    overridden: int | None = None

    @property
    def shown(self) -> int | None:
        return self.score.score if self.overridden is None else self.overridden


@dataclass(frozen=True, slots=True)
class Line:
    kind: LineKind
    points: Fraction
    measure: str | None = None
    """The key of a measure."""


def change_since(then: Decided, now: Decided) -> list[Line] | None:
    """None when one of the two is no score. Lines of nothing are left out, except that of the
    definition where it is another.
    """
    before = contributions(then.definition, then.score, then.overridden)
    after = contributions(now.definition, now.score, now.overridden)
    if before is None or after is None:
        return None
    lines = [
        *_of_inputs(then, now, before, after),
        Line("cap", after.cap - before.cap),
        Line("override", after.override - before.override),
        Line("rounding", after.rounding - before.rounding),
    ]
    changed = (then.definition.key, then.version) != (now.definition.key, now.version)
    return [line for line in lines if line.points or (line.kind == "definition" and changed)]


def _of_inputs(
    then: Decided, now: Decided, before: Contributions, after: Contributions
) -> list[Line]:
    definition = now.definition
    if then.definition.from_children or definition.from_children:
        kind: LineKind = "children" if then.definition == definition else "definition"
        return [Line(kind, after.unrounded - before.unrounded)]
    old_points = _points_then(then, now)
    if uncapped_score(definition, old_points) is None:
        # What there was is not enough for the list of now, so nothing but the list can be compared.
        return [Line("definition", after.unrounded - before.unrounded)]
    old_unrounded = sum(weighed(effective_weights(definition, old_points), old_points), Fraction(0))
    measures = [
        Line("measure", weight * Fraction(new - old, 100), measure.key)
        for measure, weight, old, new in zip(
            definition.measures, after.effective_weights, old_points, now.score.points, strict=True
        )
        if old is not None and new is not None
    ]
    moved = sum((line.points for line in measures), Fraction(0))
    return [
        Line("definition", old_unrounded - before.unrounded),
        *measures,
        Line("weights", after.unrounded - old_unrounded - moved),
    ]


def _points_then(then: Decided, now: Decided) -> Sequence[int | None]:
    """What the list of now gives to the inputs of then."""
    if then.definition == now.definition:
        return then.score.points
    inputs = {measure.key: measure.input for measure in then.definition.measures}
    return [
        points_of(
            measure,
            then.values.get(measure.key) if inputs.get(measure.key) == measure.input else None,
        )
        for measure in now.definition.measures
    ]
