"""How long to wait before something is asked again."""

from collections.abc import Mapping
from typing import Final

from shared.headers import http_date, seconds_to_wait

MOST_TRIES: Final = 5
LONGEST_WAIT: Final = 60.0
"""Seconds. Who is told to wait longer gives up and is scheduled anew."""
QUOTA_PAUSE: Final = 900.0


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds; its date form is read against the answer's own `Date`, because our
    clock may differ from theirs.
    """
    return seconds_to_wait(headers.get("retry-after"), http_date(headers.get("date")))


def wait_before(attempt: int, base: float, asked: float | None, spread: float) -> float | None:
    """Seconds to wait before try number `attempt` + 1; None when it is not worth waiting.

    `spread` is a random share between 0 and 1 (full jitter).
    """
    if attempt >= MOST_TRIES or (asked is not None and asked > LONGEST_WAIT):
        return None
    if asked is not None:
        return asked
    return float(min(base * 2**attempt, LONGEST_WAIT)) * (0.5 + 0.5 * spread)
