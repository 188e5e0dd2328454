"""Values as cells of a CSV file that no spreadsheet runs, and such cells as text again."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

BETWEEN: Final = ";"
"""Several values in one cell."""
BOM: Final = "\ufeff"
_END: Final = "\r\n"

# What spreadsheets take for the beginning of a formula (OWASP, CSV injection), full width, too.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def cell(value: Any) -> str:
    """Text that would be a formula begins with an apostrophe; numbers stay numbers."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list() | tuple():
            return _harmless(_joined(map(str, value)))
        case _:
            return _harmless(str(value))


def _joined(values: Iterable[str]) -> str:
    """A line of its own: a value that holds what stands between them is in quotation marks."""
    if not (parts := list(values)):
        return ""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=BETWEEN, lineterminator=_END).writerow(parts)
    return out.getvalue().removesuffix(_END)


def several(text: str) -> list[str]:
    """The values that `cell` wrote into one, or that a person did. Empty ones are left out."""
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=BETWEEN, skipinitialspace=True)
        parts = [part for line in lines for part in line]
    except csv.Error:
        parts = text.split(BETWEEN)
    return [part for one in parts if (part := one.strip())]


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def plain(text: str) -> str:
    """The text that `cell` wrote, without the apostrophe it put in front."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """RFC 4180."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=_END).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode()
