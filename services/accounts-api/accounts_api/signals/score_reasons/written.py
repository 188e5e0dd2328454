"""Fractions as people read them, without losing that they add up."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Final

PLACES: Final = 4
_UNIT: Final = 10**PLACES


def written(number: Fraction) -> str:
    """With four decimals, half up."""
    return _text(floor(number * _UNIT + Fraction(1, 2)))


def written_parts(parts: Sequence[Fraction]) -> list[str]:
    """With four decimals, so that they add up to what their sum is written as: those cut by most
    are written one ten-thousandth higher, and of those cut alike the first.
    """
    total = floor(sum(parts, Fraction(0)) * _UNIT + Fraction(1, 2))
    units = [floor(part * _UNIT) for part in parts]
    most_cut = sorted(range(len(parts)), key=lambda place: units[place] - parts[place] * _UNIT)
    for place in most_cut[: total - sum(units)]:
        units[place] += 1
    return [_text(unit) for unit in units]


def _text(units: int) -> str:
    whole, rest = divmod(abs(units), _UNIT)
    return f"{'-' if units < 0 else ''}{whole}.{rest:0{PLACES}}"
