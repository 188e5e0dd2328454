"""What a measure could be instead, and what that would take: a band, a choice, a place on a scale.

Costs are relative movements in billionths: how far the value moves, in parts of the measure's span.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from accounts_api.signals.scoring.definition import (
    FULL,
    Bands,
    Linear,
    Measure,
    Value,
    ValuePoints,
)
from accounts_api.signals.scoring.points import half_up, points_for

Sign = Literal[1, -1]
"""Towards more points, or fewer."""
SPAN: Final = 10**9
"""The cost of a whole span, and of another choice."""


@dataclass(frozen=True, slots=True)
class State:
    points: int
    cost: int
    value: Value


@dataclass(frozen=True, slots=True)
class Scale:
    """A state for every number of points from here to an end of a linear measure."""

    points: int
    """Where it is."""
    most: int
    """The end in the wanted direction."""
    share: Fraction
    """Where the value is on the scale: 0 at its start, 1 at its end, or beyond."""

    def cost(self, points: int) -> int:
        return _parts(abs(Fraction(points, FULL) - self.share))


def states(measure: Measure, value: Value | None, points: int, sign: Sign) -> list[State]:
    """The states with more points (or fewer) that are worth their cost, the cheapest first. Of a
    linear measure only its end, unless it has no value: `scale` has the rest.
    """
    if measure.not_actionable:
        return []
    found = all_states(measure, value)
    worth: list[State] = []
    for state in sorted(found, key=lambda state: (state.cost, -sign * state.points)):
        gained = sign * (state.points - points)
        if gained > 0 and (not worth or gained > sign * (worth[-1].points - points)):
            worth.append(state)
    return worth


def all_states(measure: Measure, value: Value | None) -> list[State]:
    """Whether they gain anything or not."""
    rule = measure.points
    if isinstance(rule, ValuePoints):
        return [State(own, SPAN, _choice(text, value)) for text, own in rule.values]
    if measure.input.startswith("rule("):
        return [State(points_for(rule, number) or 0, SPAN, number) for number in (0, 100)]
    if isinstance(rule, Bands):
        return _of_bands(rule, value)
    return [State(0, SPAN, rule.start), State(FULL, SPAN, rule.end)]


def scale(measure: Measure, value: Value | None, points: int, sign: Sign) -> Scale | None:
    """None of a measure that is no scale, has no value on it, or is at the end."""
    rule = measure.points
    if (
        not isinstance(rule, Linear)
        or value is None
        or isinstance(value, str | bool)
        or measure.not_actionable
        or measure.input.startswith("rule(")
    ):
        return None
    most = FULL if sign > 0 else 0
    share = (Fraction(value) - Fraction(rule.start)) / Fraction(rule.end - rule.start)
    return None if most == points else Scale(points, most, share)


def value_for(rule: Linear, value: Value, points: int, sign: Sign) -> Decimal:
    """The nearest value with that many points or more (or fewer), with the decimals that the value
    and the scale have.
    """
    step = _step(value, rule.start, rule.end)
    target = Fraction(rule.start) + Fraction(points, FULL) * Fraction(rule.end - rule.start)
    near = Decimal(half_up_signed(target / Fraction(step))) * step
    outward = step if (rule.end > rule.start) == (sign > 0) else -step
    near -= 2 * outward
    while sign * ((points_for(rule, near) or 0) - points) < 0:
        near += outward
    return near


def half_up_signed(number: Fraction) -> int:
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def _of_bands(rule: Bands, value: Value | None) -> list[State]:
    """Each band by its value nearest to the present one."""
    starts = [band.start for band in rule.bands if band.start is not None]
    if not starts:
        return []
    span = starts[-1] - starts[0] or abs(starts[0]) or Decimal(1)
    found = []
    for place, band in enumerate(rule.bands):
        below = starts[place] if place < len(starts) else None
        if value is None or isinstance(value, str | bool):
            edge = starts[0] if below is None else below
            nearest = band.start if band.start is not None else edge - _step(edge)
            found.append(State(band.points, SPAN, nearest))
        elif band.start is not None and value < band.start:
            cost = _parts((Fraction(band.start) - Fraction(value)) / Fraction(span))
            found.append(State(band.points, cost, band.start))
        elif below is not None and value >= below:
            nearest = below - _step(value, below)
            cost = _parts((Fraction(value) - Fraction(nearest)) / Fraction(span))
            found.append(State(band.points, cost, nearest))
    return found


def _choice(text: str, value: Value | None) -> Value:
    return text == "true" if isinstance(value, bool) and text in {"true", "false"} else text


def _step(*values: Value) -> Decimal:
    """The last place in which these numbers are written."""
    places = [_decimals(Decimal(value)) for value in values if not isinstance(value, str)]
    return Decimal(1).scaleb(-max(places))


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _parts(share: Fraction) -> int:
    return half_up(SPAN * share.numerator, share.denominator)
