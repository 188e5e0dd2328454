"""How far a score can get with so many changes: exactly, in the whole numbers of the scorer."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts_api.signals.score_reasons.states import Sign, State
from accounts_api.signals.scoring.definition import Definition, Group
from accounts_api.signals.scoring.score import group_value

States = Sequence[Sequence[State]]
"""Of each measure, the one that gains most last."""


@dataclass(frozen=True, slots=True)
class Greatest:
    """The best that so many changes can do."""

    value: int
    """The sum over groups that the scorer rounds, with the sign of the direction."""
    changed: tuple[tuple[int, State], ...]
    points: tuple[int | None, ...]


def greatest(
    definition: Definition, points: Sequence[int | None], states: States, sign: Sign
) -> list[Greatest]:
    """By the number of changes, from none on. Groups do not touch each other, so the best of all
    with n changes is the best way to share n among them.
    """
    best: list[tuple[int, tuple[tuple[int, State], ...]]] = [(0, ())]
    for group, span in zip(definition.groups, definition.spans(), strict=True):
        own = _of_group(group, span, points, states, sign)
        combined: list[tuple[int, tuple[tuple[int, State], ...]]] = []
        for count in range(len(best) + len(own) - 1):
            shares = range(max(0, count - len(best) + 1), min(count, len(own) - 1) + 1)
            share = max(shares, key=lambda n: best[count - n][0] + own[n][0])
            value, changed = best[count - share]
            combined.append((value + own[share][0], (*changed, *own[share][1])))
        best = combined
    return [Greatest(value, changed, tuple(_changed(points, changed))) for value, changed in best]


def _of_group(
    group: Group, span: range, points: Sequence[int | None], states: States, sign: Sign
) -> list[tuple[int, tuple[tuple[int, State], ...]]]:
    """By the number of changes in the group: its value, and the changes."""
    movable = [place for place in span if states[place]]
    if group.mode == "weighted":
        weights = {
            place: measure.weight for place, measure in zip(span, group.measures, strict=True)
        }
        order = sorted(
            movable,
            key=lambda place: -weights[place] * _gain(states[place][-1], points[place], sign),
        )
    elif sign > 0:
        order = _raised(span, points, states)
    else:
        order = sorted(movable, key=lambda place: states[place][-1].points)[:1]
    found = []
    for count in range(len(order) + 1):
        changed = tuple((place, states[place][-1]) for place in order[:count])
        after = _changed(points, changed)[span.start : span.stop]
        value = group_value(group, after)
        found.append((0 if value is None else sign * group.weight * value, changed))
    return found


def _raised(span: range, points: Sequence[int | None], states: States) -> list[int]:
    """The least measures first, up to one that cannot be raised: it holds the group."""
    order = []
    present = [place for place in span if points[place] is not None]
    for place in sorted(present, key=lambda place: (points[place] or 0, place)):
        if not states[place]:
            break
        order.append(place)
    return order


def _gain(state: State, points: int | None, sign: Sign) -> int:
    return sign * (state.points - (points or 0))


def _changed(
    points: Sequence[int | None], changed: Sequence[tuple[int, State]]
) -> list[int | None]:
    after = list(points)
    for place, state in changed:
        after[place] = state.points
    return after
