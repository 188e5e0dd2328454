"""The score of a record, from the points of its measures: whole numbers all the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Final, Literal

from accounts_api.signals.scoring.definition import (
    FULL,
    Definition,
    FromChildren,
    Group,
    Label,
    Value,
)
from accounts_api.signals.scoring.points import half_up, points_of

NullReason = Literal["not_enough_data", "no_children"]
GROUP_SCALE: Final = 100
"""Parts of a hundredth in which the value of a group is kept."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a definition says of a record, before any override."""

    score: int | None
    label: Label | None
    null_reason: NullReason | None
    points: tuple[int | None, ...] = ()
    uncapped: int | None = None
    """What the score is without its cap."""
    capped_by: int | None = None
    """The place of the cap that lowered it."""


@dataclass(frozen=True, slots=True)
class PresentWeight:
    """When there is enough data: the weights that are present must come to `least`."""

    of_measures: tuple[int, ...]
    total: int
    least: int

    def share(self, points: Sequence[int | None]) -> Fraction:
        return Fraction(self._present(points), self.total)

    def enough(self, points: Sequence[int | None]) -> bool:
        return self._present(points) >= self.least

    def _present(self, points: Sequence[int | None]) -> int:
        return sum(
            weight for weight, own in zip(self.of_measures, points, strict=True) if own is not None
        )


def present_weight(definition: Definition) -> PresentWeight:
    """The weight of each measure in all weight, over a common denominator."""
    sums = [sum(measure.weight for measure in group.measures) for group in definition.groups]
    common = lcm(*sums)
    weights = [
        group.weight * measure.weight * (common // total)
        for group, total in zip(definition.groups, sums, strict=True)
        for measure in group.measures
    ]
    divisor = gcd(*weights)
    weights = [weight // divisor for weight in weights]
    total = sum(weights)
    return PresentWeight(tuple(weights), total, -(-definition.minimum_weight * total // 100))


def group_value(group: Group, points: Sequence[int | None]) -> int | None:
    """In parts of a hundredth; None when each of its measures is skipped."""
    present = [
        (measure.weight, own)
        for measure, own in zip(group.measures, points, strict=True)
        if own is not None
    ]
    if not present:
        return None
    if group.mode == "worst":
        return GROUP_SCALE * min(own for _, own in present)
    total = sum(weight for weight, _ in present)
    return half_up(GROUP_SCALE * sum(weight * own for weight, own in present), total)


def group_values(definition: Definition, points: Sequence[int | None]) -> list[int | None]:
    return [
        group_value(group, points[span.start : span.stop])
        for group, span in zip(definition.groups, definition.spans(), strict=True)
    ]


def uncapped_score(definition: Definition, points: Sequence[int | None]) -> int | None:
    """None: there is not enough data."""
    if not present_weight(definition).enough(points):
        return None
    present = [
        (group.weight, value)
        for group, value in zip(definition.groups, group_values(definition, points), strict=True)
        if value is not None
    ]
    if not present:
        return None
    total = sum(weight for weight, _ in present)
    return half_up(sum(weight * value for weight, value in present), FULL * total)


def score_points(
    definition: Definition, points: Sequence[int | None], holding: Iterable[int] = ()
) -> Score:
    """`holding` are the places of the caps whose rule holds; the lowest counts, and of two alike
    the first.
    """
    return _capped(
        definition, uncapped_score(definition, points), "not_enough_data", holding, points
    )


def score_values(
    definition: Definition, values: Sequence[Value | None], holding: Iterable[int] = ()
) -> Score:
    """The values are in the order of the definition's measures."""
    pairs = zip(definition.measures, values, strict=True)
    return score_points(definition, [points_of(*pair) for pair in pairs], holding)


def score_children(
    definition: Definition,
    children: Iterable[tuple[int, int | None]],
    holding: Iterable[int] = (),
) -> Score:
    """Each child that has a score, with its ARR in minor units."""
    assert definition.from_children is not None  # noqa: S101  (the caller chose by it)
    uncapped = rolled_up(definition.from_children, children)
    return _capped(definition, uncapped, "no_children", holding, ())


def rolled_up(rule: FromChildren, children: Iterable[tuple[int, int | None]]) -> int | None:
    """None without children. Where ARR weighs and none has any, they weigh alike."""
    scores = [(score, max(arr or 0, 0)) for score, arr in children]
    if not scores:
        return None
    if rule.mode == "worst":
        return min(score for score, _ in scores)
    if rule.weigh_by == "none" or not any(arr for _, arr in scores):
        scores = [(score, 1) for score, _ in scores]
    return half_up(sum(score * weight for score, weight in scores), sum(w for _, w in scores))


def _capped(
    definition: Definition,
    uncapped: int | None,
    reason: NullReason,
    holding: Iterable[int],
    points: Sequence[int | None],
) -> Score:
    if uncapped is None:
        return Score(None, None, reason, tuple(points))
    lowest = min(holding, key=lambda place: (definition.caps[place].at_most, place), default=None)
    at_most = None if lowest is None else definition.caps[lowest].at_most
    if at_most is None or at_most >= uncapped:
        score, capped_by = uncapped, None
    else:
        score, capped_by = at_most, lowest
    return Score(score, definition.label_of(score), None, tuple(points), uncapped, capped_by)
