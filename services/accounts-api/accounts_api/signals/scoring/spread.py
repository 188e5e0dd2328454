"""The scores of many records, counted."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

BUCKETS: Final = 10


@dataclass(frozen=True, slots=True)
class Spread:
    scored: int
    median: Decimal | None
    """Of an even number of scores the mean of the middle two; None without scores."""
    histogram: list[int]
    """Scores from 0 to 9, 10 to 19, and so on; the last bucket holds 90 to 100."""


def spread(counts: Iterable[tuple[int, int]]) -> Spread:
    """Of scores and how many records have each."""
    by_score: dict[int, int] = defaultdict(int)
    buckets = [0] * BUCKETS
    for score, records in counts:
        by_score[score] += records
        buckets[min(score // BUCKETS, BUCKETS - 1)] += records
    total = sum(by_score.values())
    if not total:
        return Spread(0, None, buckets)
    middle = _nth(by_score, (total - 1) // 2) + _nth(by_score, total // 2)
    return Spread(total, Decimal(middle) / 2, buckets)


def _nth(by_score: dict[int, int], place: int) -> int:
    for score in sorted(by_score):
        place -= by_score[score]
        if place < 0:
            return score
    raise AssertionError("there are fewer scores")
