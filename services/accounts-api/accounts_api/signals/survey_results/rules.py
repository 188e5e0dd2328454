"""Scores, in whole numbers and fractions."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from accounts_api.signals.surveys.rules import SCALES, SurveyKind

PROMOTERS_FROM: Final = 9
PASSIVES_FROM: Final = 7
_SATISFIED: Final = 2
"""How many values of the top of its scale count as satisfied."""


def score_of(kind: SurveyKind, counts: Mapping[int, int]) -> Fraction | None:
    """Of how many gave each score; None where nobody did, or the kind has none. NPS is 100 times
    promoters less detractors over all, CSAT the share in percent of those who gave one of the two
    best scores, CES the mean.
    """
    n = sum(counts.values())
    if n == 0 or kind not in SCALES:
        return None
    match kind:
        case "nps":
            promoters = sum(some for score, some in counts.items() if score >= PROMOTERS_FROM)
            detractors = sum(some for score, some in counts.items() if score < PASSIVES_FROM)
            return Fraction(100 * (promoters - detractors), n)
        case "csat":
            best = SCALES[kind][1] - _SATISFIED
            satisfied = sum(some for score, some in counts.items() if score > best)
            return Fraction(100 * satisfied, n)
        case _:
            return Fraction(sum(score * some for score, some in counts.items()), n)


def in_tenths(value: Fraction) -> int:
    """Rounded, a half away from zero."""
    whole = (abs(value) * 20 + 1) // 2
    return whole if value >= 0 else -whole
