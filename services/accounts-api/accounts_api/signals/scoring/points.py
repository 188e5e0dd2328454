"""The points that a value has: whole hundredths, from 0 to 10,000."""

from fractions import Fraction

from accounts_api.signals.scoring.definition import (
    FULL,
    Bands,
    Linear,
    Measure,
    PointsRule,
    Value,
    ValuePoints,
)


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number to a quotient of numbers that are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def points_of(measure: Measure, value: Value | None) -> int | None:
    """None: the measure is skipped."""
    points = None if value is None else points_for(measure.points, value)
    return measure.when_null if points is None else points


def points_for(rule: PointsRule, value: Value) -> int | None:
    """None of a value that counts as none: one that is not listed, or is not of the rule's type."""
    if isinstance(rule, ValuePoints):
        return dict(rule.values).get(text_of(value), rule.other)
    if isinstance(value, str | bool):
        return None
    if isinstance(rule, Bands):
        return [band.points for band in rule.bands if band.start is None or band.start <= value][-1]
    return _linear(rule, Fraction(value))


def text_of(value: Value) -> str:
    """A value as the list of a `ValuePoints` has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _linear(rule: Linear, value: Fraction) -> int:
    share = (value - Fraction(rule.start)) / (Fraction(rule.end) - Fraction(rule.start))
    share = min(max(share, Fraction(0)), Fraction(1))
    return half_up(FULL * share.numerator, share.denominator)


def points_range(rule: PointsRule) -> tuple[int, int]:
    """The least and the most points that a value can have."""
    match rule:
        case Linear():
            return 0, FULL
        case Bands(bands):
            return _ends([band.points for band in bands])
        case ValuePoints(values, other):
            others = [] if other is None else [other]
            return _ends([*(points for _, points in values), *others])


def _ends(points: list[int]) -> tuple[int, int]:
    return min(points), max(points)
