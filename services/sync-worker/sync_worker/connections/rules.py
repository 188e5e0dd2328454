"""When a connection is asked again, and when its trouble is told."""

from typing import Literal

Health = Literal["ok", "failing", "needs_reauth"]

FAILURES_UNTIL_FAILING = 3
LONGEST_PAUSE = 900
_MOST_DOUBLINGS = 10


def health_after(failures: int) -> Health:
    """A single failure is weather; the third in a row is told."""
    return "failing" if failures >= FAILURES_UNTIL_FAILING else "ok"


def seconds_until_next(every: int, failures: int, asked: float | None = None) -> float:
    """The schedule, stretched with each failure in a row; a wait that was asked for counts too."""
    doubled = every * 2 ** min(failures, _MOST_DOUBLINGS)
    stretched = every if failures == 0 else min(doubled, max(LONGEST_PAUSE, every))
    return max(float(stretched), min(asked or 0.0, 4 * LONGEST_PAUSE))
