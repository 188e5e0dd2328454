"""Dates and instants as traits hold them: exactly one way to write each, anything else is none."""

import re
from datetime import UTC, date, datetime
from typing import Final

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"
)


def iso_date(text: str) -> date | None:
    """The twin of the SQL function of this name."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def iso_instant(text: str) -> datetime | None:
    """The twin of the SQL function of this name: UTC, at most microseconds."""
    if not _INSTANT.fullmatch(text):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    try:
        instant = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return instant.replace(microsecond=int(fraction.ljust(6, "0")) if fraction else 0)
