from collections.abc import Sequence
from decimal import Decimal
from typing import Final

MOST_RECORDS: Final = 20_000
"""Of more than these a part is looked at, chosen by their ids."""
SAMPLES: Final = 20


def one_in(records: int) -> int:
    """Every which record is looked at."""
    return max(1, -(-records // MOST_RECORDS))


def at_rank(ordered: Sequence[Decimal], percent: int) -> Decimal | None:
    """The least value that so many percent of them do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(count: int) -> list[int]:
    """Places of a few of so many, from the first to the last."""
    if count <= SAMPLES:
        return list(range(count))
    return [place * (count - 1) // (SAMPLES - 1) for place in range(SAMPLES)]
