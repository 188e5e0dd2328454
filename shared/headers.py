"""Reads headers of other hosts. They may hold anything, so nothing here raises."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 9


def http_date(text: str | None) -> datetime | None:
    """RFC 9110 5.6.7; None for what is no date."""
    try:
        at = parsedate_to_datetime(text or "")
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def seconds_to_wait(retry_after: str | None, now: datetime | None) -> float | None:
    """What Retry-After (RFC 9110 10.2.3) asks for, 0 for a time that is over. Its date form counts
    from `now`; None when it says nothing that can be understood.
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        # Python refuses to read thousands of digits, and nobody waits for longer.
        return float(text) if len(text) <= _MOST_DIGITS else float("9" * _MOST_DIGITS)
    until = http_date(text)
    if until is None or now is None:
        return None
    return max((until - now).total_seconds(), 0.0)
