"""Checks plain values, wherever they come from: bodies, traits, rules, formulas, files, syncs.

Pure functions that raise `ValueError` with a sentence for the person who gave the value.
`shared.schemas` makes types of them.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Final

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
FIRST_DAY: Final = EARLIEST.date()
LAST_DAY: Final = LATEST.date()

_BREAK: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_LIKE_A_FOLDER: Final = re.compile(r"(^|[/\\])\.{1,2}($|[/\\])")
_NO_ZONES: Final = frozenset({"Factory", "localtime", "posixrules"})


def near_day(day: date) -> date:
    """Beyond these years an empty date of some system is meant, such as 0001-01-01."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("Use a date between the years 1900 and 2200.")
    return day


def near_instant(instant: datetime) -> datetime:
    """In UTC. At the ends of the calendar a zone's offset leads to days that neither Python nor
    PostgreSQL can name.
    """
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("Use an instant between the years 1900 and 2200.")
    return instant.astimezone(UTC)


def one_line(text: str) -> str:
    """Composed (NFC), so that what looks the same is the same. A line break in a name is another
    header in a mail and another row in a file.
    """
    if _BREAK.search(text):
        raise ValueError("Write it on one line, without line breaks and control characters.")
    return unicodedata.normalize("NFC", text)


def joined_lines(text: str) -> str:
    """On one line what another system wrote on several."""
    return " ".join(part.strip() for part in _BREAK.split(text) if part.strip())


def addressable(external_id: str) -> str:
    """What stands in a path as it is: clients and proxies resolve `.` and `..` before we see it."""
    if _BREAK.search(external_id) or "\t" in external_id:
        raise ValueError("An external id has no line breaks and control characters.")
    if _LIKE_A_FOLDER.search(external_id):
        raise ValueError("An external id has no part `.` or `..`: it stands in paths.")
    return external_id


def named_zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError("Use an IANA time zone such as 'Europe/Berlin'.")
    return name


@cache
def time_zones() -> frozenset[str]:
    """Those of the package `tzdata`: the same on every machine, whatever its own files hold."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(names) - _NO_ZONES
