"""The smallest flip: the least that would give a record another label.

Least is the fewest measures, then the least relative movement, then the order of the definition.
How few is worked out exactly, group by group (`least_changes`); which of the sets of that size
moves least is searched for with two bounds (`search`), and every answer went through the scorer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts_api.signals.score_reasons.least_changes import Greatest, greatest
from accounts_api.signals.score_reasons.search import Found, Search
from accounts_api.signals.score_reasons.states import (
    Scale,
    Sign,
    State,
    all_states,
    scale,
    states,
    value_for,
)
from accounts_api.signals.scoring.definition import Definition, Label, Linear, Value
from accounts_api.signals.scoring.points import points_of, points_range
from accounts_api.signals.scoring.score import score_points, uncapped_score


@dataclass(frozen=True, slots=True)
class Change:
    place: int
    """Of the measure, among all of the definition."""
    before: Value | None
    after: Value
    points_before: int
    points_after: int


@dataclass(frozen=True, slots=True)
class Flip:
    to: Label
    """The label that the record would have."""
    changes: tuple[Change, ...]
    cost: int
    exact: bool
    """No set of as few measures moves less; that no fewer measures do it is always so."""


@dataclass(frozen=True, slots=True)
class Impossible:
    to: Label
    """The label that cannot be reached by what may be changed."""
    reaches: int
    """The score that comes nearest."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A skipped measure whose value, if it came, could give another label."""

    place: int
    best: Label | None
    worst: Label | None


def smallest_flip(
    definition: Definition,
    values: Sequence[Value | None],
    points: Sequence[int | None],
    sign: Sign,
) -> Flip | Impossible | None:
    """To the next label up, or down; None when there is none, or no score. Caps do not count."""
    score = uncapped_score(definition, points)
    if score is None or definition.from_children:
        return None
    labels = definition.labels
    wanted = labels.index(definition.label_of(score)) + sign
    if not 0 <= wanted < len(labels):
        return None
    edge = labels[wanted].start if sign > 0 else labels[wanted + 1].start - 1
    reachable = [
        [] if own is None else states(measure, value, own, sign)
        for measure, value, own in zip(definition.measures, values, points, strict=True)
    ]
    by_count = greatest(definition, points, reachable, sign)
    enough = [each for each in by_count if sign * (_scored(definition, each) - edge) >= 0]
    if not enough:
        return Impossible(labels[wanted], _scored(definition, by_count[-1]))
    scales = [
        None if own is None else scale(measure, value, own, sign)
        for measure, value, own in zip(definition.measures, values, points, strict=True)
    ]
    search = Search(definition, points, reachable, scales, sign, edge)
    found = search.cheapest(enough[0])
    return _flip(definition, values, points, found, scales, sign, edge)


def unknown_measures(definition: Definition, points: Sequence[int | None]) -> list[Unknown]:
    """Skipped measures whose best or worst value would give another label than there is now."""
    score = score_points(definition, points)
    found = []
    for place, (measure, own) in enumerate(zip(definition.measures, points, strict=True)):
        if own is not None:
            continue
        worst, best = (
            score_points(definition, _with(points, {place: end})).label
            for end in points_range(measure.points)
        )
        if {best, worst} != {score.label}:
            found.append(Unknown(place, best, worst))
    return found


def _flip(
    definition: Definition,
    values: Sequence[Value | None],
    points: Sequence[int | None],
    found: Found,
    scales: Sequence[Scale | None],
    sign: Sign,
    edge: int,
) -> Flip:
    """The points that were found as values, of which some give more points than were asked for."""
    changes = []
    for place, state in sorted(_modest(definition, values, points, found, sign, edge).items()):
        measure, value, after = definition.measures[place], values[place], state.value
        if scales[place] is not None and isinstance(measure.points, Linear) and value is not None:
            after = value_for(measure.points, value, state.points, sign)
        gained = points_of(measure, after)
        assert gained is not None  # noqa: S101  (a state has points)
        changes.append(Change(place, value, after, points[place] or 0, gained))
    flipped = _with(points, {change.place: change.points_after for change in changes})
    score = uncapped_score(definition, flipped)
    assert score is not None  # noqa: S101  (as much is present as before)
    assert sign * (score - edge) >= 0  # noqa: S101  (the scorer agreed to each state)
    return Flip(definition.label_of(score), tuple(changes), found.cost, found.exact)


def _modest(
    definition: Definition,
    values: Sequence[Value | None],
    points: Sequence[int | None],
    found: Found,
    sign: Sign,
    edge: int,
) -> dict[int, State]:
    """Of choices that cost alike, the one that gains least and is enough."""
    chosen = dict(found.states)
    for place, state in found.states.items():
        own = points[place] or 0
        others = [
            each
            for each in all_states(definition.measures[place], values[place])
            if each.cost == state.cost
            and 0 < sign * (each.points - own) < sign * (state.points - own)
        ]
        for other in sorted(others, key=lambda each: sign * each.points):
            tried = {at: each.points for at, each in {**chosen, place: other}.items()}
            score = uncapped_score(definition, _with(points, tried))
            if score is not None and sign * (score - edge) >= 0:
                chosen[place] = other
                break
    return chosen


def _scored(definition: Definition, each: Greatest) -> int:
    score = uncapped_score(definition, each.points)
    return 0 if score is None else score


def _with(points: Sequence[int | None], others: dict[int, int]) -> list[int | None]:
    return [others.get(place, own) for place, own in enumerate(points)]
