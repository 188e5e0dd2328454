"""Of the sets of so many changes that flip a label, the one that moves least.

Depth first with two bounds: what costs as much as the best so far is left, and so is what cannot
reach the edge with the greatest gains that remain. Gains are whole numbers over a common
denominator; a group's own rounding is left to the scorer, which is asked before an answer counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Final

from accounts_api.signals.score_reasons.least_changes import Greatest, States
from accounts_api.signals.score_reasons.states import Scale, Sign, State
from accounts_api.signals.scoring.definition import FULL, Definition
from accounts_api.signals.scoring.score import uncapped_score

MOST_NODES: Final = 50_000
_LEVEL: Final = 100
"""A scale in a `worst` group is tried at whole points."""


@dataclass(frozen=True, slots=True)
class Option:
    """Some changes that are made together."""

    count: int
    gain: int
    cost: int
    states: tuple[tuple[int, State], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is changed in one way or another: a measure, or a whole `worst` group."""

    options: tuple[Option, ...]
    place: int | None = None
    """Of a measure on a scale, which takes what the others leave; it has no options."""
    weight: int = 0
    """What a hundredth of its points gains."""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    states: dict[int, State]
    cost: int
    exact: bool


class Search:
    def __init__(
        self,
        definition: Definition,
        points: Sequence[int | None],
        states: States,
        scales: Sequence[Scale | None],
        sign: Sign,
        edge: int,
    ) -> None:
        self._definition = definition
        self._points = points
        self._states = states
        self._scales = scales
        self._sign = sign
        self._edge = edge
        self._nodes = 0
        self._best: dict[int, State] = {}
        self._cost = 0
        self._slack = 0
        self._units, self._need = self._prepare()

    def cheapest(self, start: Greatest) -> Found:
        """As many changes as `start` has, which is what the best so far begins with."""
        count = len(start.changed)
        self._best = {place: self._at(place, state.points) for place, state in start.changed}
        self._cost = sum(state.cost for state in self._best.values())
        self._reach = self._greatest_gains(count)
        self._descend(0, count, self._need, 0, (), ())
        self._lower()
        return Found(self._best, self._cost, self._exact())

    def _exact(self) -> bool:
        """Whether nothing was left untried: a scale in a `worst` group is tried at some places."""
        in_worst = {
            place
            for group, span in zip(self._definition.groups, self._definition.spans(), strict=True)
            for place in span
            if group.mode == "worst" and self._scales[place] is not None
        }
        return self._nodes <= MOST_NODES and not in_worst & set(self._best)

    def _prepare(self) -> tuple[list[Unit], int]:
        """What can be changed, the greatest gains first, and the gain that is needed."""
        definition, points, sign = self._definition, self._points, self._sign
        present = [
            (group, [place for place in span if points[place] is not None])
            for group, span in zip(definition.groups, definition.spans(), strict=True)
        ]
        present = [(group, places) for group, places in present if places]
        measures = definition.measures
        sums = [
            sum(measures[place].weight for place in places) if group.mode == "weighted" else 1
            for group, places in present
        ]
        common = lcm(*sums)
        units, value = [], 0
        for (group, places), total in zip(present, sums, strict=True):
            share = group.weight * (common // total)
            if group.mode == "worst":
                value += share * min(points[place] or 0 for place in places)
                units.append(Unit(tuple(self._worst(places, share))))
                continue
            for place in places:
                weight = share * measures[place].weight
                value += weight * (points[place] or 0)
                units.append(self._measure(place, weight))
        whole = common * sum(group.weight for group, _ in present)
        # A score rounds half up: it reaches a whole number from half a point below on.
        edge = self._edge * 100 + (-50 if sign > 0 else 50)
        need = sign * (whole * edge - value) + (0 if sign > 0 else 1)
        # Each group may have been rounded by half a ten-thousandth, before and after.
        self._slack = whole // 100 + 1
        need -= self._slack
        units = [unit for unit in units if unit.options or unit.place is not None]
        units.sort(key=lambda unit: -max([unit.most, *(each.gain for each in unit.options)]))
        return units, need

    def _measure(self, place: int, weight: int) -> Unit:
        own = self._points[place] or 0
        scale = self._scales[place]
        if scale is not None:
            return Unit((), place, weight, weight * abs(scale.most - own))
        return Unit(
            tuple(
                Option(1, weight * self._sign * (state.points - own), state.cost, ((place, state),))
                for state in self._states[place]
            )
        )

    def _worst(self, places: Sequence[int], weight: int) -> list[Option]:
        """Lowering one measure lowers the group; to raise it, all below a level must be raised."""
        own = {place: self._points[place] or 0 for place in places}
        least = min(own.values())
        reachable = {place: self._reachable(place) for place in places}
        if self._sign < 0:
            ways: list[tuple[tuple[int, State], ...]] = [
                ((place, state),) for place in places for state in reachable[place]
            ]
        else:
            ways = []
            levels = {state.points for states in reachable.values() for state in states}
            for level in sorted({*levels, *own.values()}):
                below = [place for place in places if own[place] < level]
                raised = [
                    next((state for state in reachable[place] if state.points >= level), None)
                    for place in below
                ]
                if level > least and all(raised):
                    ways.append(
                        tuple((place, s) for place, s in zip(below, raised, strict=True) if s)
                    )
        options: list[Option] = []
        for way in ways:
            after = min({**own, **{place: state.points for place, state in way}}.values())
            gain = weight * self._sign * (after - least)
            if gain > 0:
                options.append(Option(len(way), gain, sum(s.cost for _, s in way), way))
        return sorted(options, key=lambda option: (option.cost, -option.gain))

    def _reachable(self, place: int) -> list[State]:
        scale = self._scales[place]
        if scale is None:
            return list(self._states[place])
        if self._sign > 0:
            levels = [*range(scale.points // _LEVEL * _LEVEL + _LEVEL, FULL, _LEVEL), FULL]
            marks = {state.points for states in self._states for state in states} | {
                own for own in self._points if own is not None
            }
            levels += [mark for mark in marks if mark > scale.points]
        else:
            levels = list(range(0, scale.points, _LEVEL))
        return [self._at(place, level) for level in sorted(set(levels), reverse=self._sign < 0)]

    def _at(self, place: int, points: int) -> State:
        scale = self._scales[place]
        if scale is None:
            return next(state for state in self._states[place] if state.points == points)
        return State(points, scale.cost(points), points)

    def _greatest_gains(self, count: int) -> list[list[int]]:
        """Of the units from each on, by how many changes are left."""
        reach = [[0] * (count + 1)]
        for unit in reversed(self._units):
            after = reach[-1]
            ways = [(1, unit.most)] if unit.place is not None else []
            ways += [(option.count, option.gain) for option in unit.options]
            row = [
                max([after[left], *(after[left - n] + gain for n, gain in ways if n <= left)])
                for left in range(count + 1)
            ]
            reach.append(row)
        return reach[::-1]

    def _descend(
        self,
        place: int,
        left: int,
        need: int,
        cost: int,
        chosen: tuple[Option, ...],
        scales: tuple[Unit, ...],
    ) -> None:
        """`need` is what is still to be gained, by the scales that were chosen too."""
        self._nodes += 1
        if self._nodes > MOST_NODES or cost >= self._cost:
            return
        if need > self._reach[place][left] + sum(unit.most for unit in scales):
            return
        if not left:
            self._finish(need, cost, chosen, scales)
            return
        if place == len(self._units):
            return
        unit = self._units[place]
        if unit.place is not None:
            self._descend(place + 1, left - 1, need, cost, chosen, (*scales, unit))
        for option in unit.options:
            if option.count <= left:
                self._descend(
                    place + 1,
                    left - option.count,
                    need - option.gain,
                    cost + option.cost,
                    (*chosen, option),
                    scales,
                )
        self._descend(place + 1, left, need, cost, chosen, scales)

    def _finish(
        self, need: int, cost: int, chosen: tuple[Option, ...], scales: tuple[Unit, ...]
    ) -> None:
        """Scales take what is left, those first that gain most for their movement."""
        states = {place: state for option in chosen for place, state in option.states}
        order = sorted(scales, key=lambda unit: -unit.weight)
        for short in (0, 2 * self._slack) if order else (0,):
            moved = self._moved(order, need + short)
            tried = {**states, **moved}
            if self._flips(tried):
                total = cost + sum(state.cost for state in moved.values())
                if total < self._cost:
                    self._best, self._cost = tried, total
                return

    def _moved(self, units: Sequence[Unit], need: int) -> dict[int, State]:
        moved = {}
        for unit in units:
            assert unit.place is not None  # noqa: S101  (it is a scale)
            hundredths = min(unit.most // unit.weight, max(1, -(-need // unit.weight)))
            need -= hundredths * unit.weight
            own = self._points[unit.place] or 0
            moved[unit.place] = self._at(unit.place, own + self._sign * hundredths)
        return moved

    def _flips(self, states: dict[int, State]) -> bool:
        after = list(self._points)
        for place, state in states.items():
            after[place] = state.points
        score = uncapped_score(self._definition, after)
        return score is not None and self._sign * (score - self._edge) >= 0

    def _lower(self) -> None:
        """Moves each scale of the answer no further than it must."""
        for place, state in list(self._best.items()):
            if self._scales[place] is None:
                continue
            own = self._points[place] or 0
            low, high = 1, abs(state.points - own)
            while low < high:
                middle = (low + high) // 2
                tried = self._at(place, own + self._sign * middle)
                enough = self._flips({**self._best, place: tried})
                low, high = (low, middle) if enough else (middle + 1, high)
            self._best[place] = self._at(place, own + self._sign * high)
        self._cost = sum(state.cost for state in self._best.values())
