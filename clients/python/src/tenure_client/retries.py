import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True)
class Retries:
    """How often a call is tried again, and how long before. `Retry-After` is heard; one that asks
    for more than `longest` seconds ends the attempts.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 60

    def delay(self, attempt: int, headers: Mapping[str, str]) -> float | None:
        """Seconds before the attempt after this one, counted from 1; None to give up."""
        if attempt >= self.attempts:
            return None
        asked = _retry_after(headers.get("retry-after"))
        if asked is not None and asked > self.longest:
            return None
        step = min(self.longest, self.first * 2 ** (attempt - 1))
        jitter = random.uniform(step / 2, step)  # noqa: S311
        return jitter if asked is None else asked + random.uniform(0, self.first)  # noqa: S311


def _retry_after(value: str | None) -> float | None:
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
