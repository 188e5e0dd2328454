"""Which scores the points of a definition allow, so that a label nobody can have is refused."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from accounts_api.signals.scoring.definition import FULL, Definition, Group
from accounts_api.signals.scoring.points import half_up, points_range
from accounts_api.signals.scoring.score import GROUP_SCALE

_Sign = Literal[1, -1]
_Item = tuple[int, Fraction, bool]
"""Weight, value with the sign of the direction, and whether it may be skipped."""


def score_range(definition: Definition) -> tuple[int, int]:
    """No score lies outside. Caps count, and whatever may be skipped is."""
    if definition.from_children is not None:
        least, most = 0, 100
    else:
        least, most = (_score(definition.groups, sign) for sign in (-1, 1))
    return min([least, *(cap.at_most for cap in definition.caps)]), most


def _score(groups: Sequence[Group], sign: _Sign) -> int:
    value = sign * _most([_extreme(group, sign) for group in groups])
    return half_up(value.numerator, FULL * value.denominator)


def _extreme(group: Group, sign: _Sign) -> _Item:
    """The value that a group has at most; the least one when the sign is turned."""
    items: list[_Item] = []
    for measure in group.measures:
        ends = [*points_range(measure.points)]
        if measure.when_null is not None:
            ends.append(measure.when_null)
        best = max(sign * end for end in ends)
        items.append((measure.weight, Fraction(best), measure.when_null is None))
    firm = [value for _, value, skippable in items if not skippable]
    if group.mode == "weighted":
        mean = _most(items)
    elif firm and sign > 0:
        mean = min(firm)
    else:
        mean = max(value for _, value, _ in items)
    points = sign * mean * GROUP_SCALE
    return group.weight, Fraction(sign * half_up(points.numerator, points.denominator)), not firm


def _most(items: Sequence[_Item]) -> Fraction:
    """The greatest weighted mean, over the items that may not be skipped and some of the others."""
    weight = sum(each for each, _, skippable in items if not skippable)
    total = sum((each * value for each, value, skippable in items if not skippable), Fraction(0))
    for each, value, skippable in sorted(items, key=lambda item: -item[1]):
        if skippable and (not weight or value > total / weight):
            weight, total = weight + each, total + each * value
    return total / weight
