"""Field values: how they are kept, read from a client and written to the wire.

Kept: text, bool, int, float, None; a date as `2026-03-31` and an instant as
`2026-03-31T09:00:00.000Z`, which both sort as text.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

Value: TypeAlias = str | bool | int | float | None
Values: TypeAlias = dict[str, Value]

YEARS = range(1700, 4001)

_EMAIL = re.compile(r"[^@\s,;<>()\"]+@[^@\s,;<>()\".]+(\.[^@\s,;<>()\".]+)+")
_DOUBLE = re.compile(r'"\\u0000([-0-9.E]+)"')


def instant(moment: datetime) -> str:
    """An instant as it is kept. Salesforce keeps whole seconds for nearly every object."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def moment(kept: str) -> datetime:
    return datetime.fromisoformat(kept)


def wire_instant(kept: str) -> str:
    """The REST form, whose offset has no colon."""
    return kept.replace("Z", "+0000")


def parse_instant(text: str) -> str:
    """Any ISO 8601 instant with an offset; ValueError else."""
    iso = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))
    parsed = datetime.fromisoformat(iso)
    if parsed.tzinfo is None or "T" not in text or parsed.year not in YEARS:
        raise ValueError(text)
    return instant(parsed)


def parse_date(text: str) -> str:
    """A date, or an instant whose time is dropped, as the API takes for a date field."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", text):
        raise ValueError(text)
    parsed = date.fromisoformat(text[:10])
    if parsed.year not in YEARS:
        raise ValueError(text)
    return parsed.isoformat()


def is_email(text: str) -> bool:
    return len(text) <= 80 and _EMAIL.fullmatch(text) is not None


def double(number: float) -> str:
    """Write a double as Java does: from 10,000,000 on, and below 0.001, in exponent form."""
    exact = Decimal(repr(float(number)))
    if exact == 0 or Decimal("0.001") <= abs(exact) < Decimal(10_000_000):
        plain = format(exact, "f")
        return plain if "." in plain else plain + ".0"
    sign, digits, _ = exact.as_tuple()
    figures = "".join(map(str, digits)).rstrip("0")
    mantissa = f"{figures[0]}.{figures[1:] or '0'}"
    return f"{'-' if sign else ''}{mantissa}E{exact.adjusted()}"


def as_double(number: float) -> str:
    """Mark a number so that `dump` writes it in Java's form; no kept text contains NUL."""
    return "\0" + double(number)


def dump(body: Any) -> bytes:
    return _DOUBLE.sub(r"\1", json.dumps(body, separators=(",", ":"))).encode()


def without_nul(given: Mapping[str, Any]) -> bool:
    return not any(isinstance(value, str) and "\0" in value for value in given.values())
