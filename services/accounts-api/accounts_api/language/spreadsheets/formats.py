"""How a file writes days, instants and numbers, and what its cells show of it.

A spreadsheet writes them as its person's country does: 31.01.2026, 1/31/2026, 1.234,50, $1,234.50.
A cell that can be read in one way is read so. One that can be read in two is read as the import
says, else as other cells of the file show; if neither settles it, it is refused, not guessed.
"""

import re
from calendar import month_abbr, month_name
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.value_types import literals

DateOrder = TypeAliasType(
    "DateOrder",
    Annotated[
        Literal["day_first", "month_first"],
        Field(description="What stands first in dates such as 3/4/2026."),
    ],
)
DecimalSign = TypeAliasType(
    "DecimalSign",
    Annotated[Literal["point", "comma"], Field(description="The decimal sign of numbers.")],
)
Readings = Mapping[str, Any]
"""What a cell says, by the ways in which it can be read; empty when in none."""

ORDERS: Final[tuple[DateOrder, ...]] = literals(DateOrder)
SIGNS: Final[tuple[DecimalSign, ...]] = literals(DecimalSign)
_LAST_SHORT_YEAR: Final = 49
"""Two digits mean a year from 1950 to 2049, as in spreadsheets, and only behind the name of a
month: 26/01/31 may begin or end with its year.
"""
_MONTHS: Final = {
    written: number
    for number in range(1, 13)
    for written in (month_name[number].lower(), month_abbr[number].lower())
} | {"sept": 9}

_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_EAST_ASIAN: Final = re.compile(r"([0-9]{4})[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日일]")
_NAMED_MONTH: Final = re.compile(r"([0-9]{1,2})[-. ]([a-z]{3,9})[-. ,]+([0-9]{4}|[0-9]{2})")
_MONTH_BEFORE_DAY: Final = re.compile(r"([a-z]{3,9})[. ]+([0-9]{1,2}),? ([0-9]{4})")
_TIME: Final = re.compile(
    r"(.+?)(?:[Tt]|,? )([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)? ?(Z|z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_DOTTED: Final = re.compile(r"\.\s+|\.$")
_HOURS_OF_HALF: Final = 12

_SPACES: Final = " \u00a0\u2009\u202f"
_FIGURES: Final = {
    "point": re.compile(
        rf"[0-9]+(?:\.[0-9]+)?|[1-9][0-9]{{0,2}}(?:([,{_SPACES}'\u2019])[0-9]{{3}})"
        rf"(?:\1[0-9]{{3}})*(?:\.[0-9]+)?|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}(?:\.[0-9]+)?"
    ),
    "comma": re.compile(
        rf"[0-9]+(?:,[0-9]+)?|[1-9][0-9]{{0,2}}(?:([.{_SPACES}'\u2019])[0-9]{{3}})"
        rf"(?:\1[0-9]{{3}})*(?:,[0-9]+)?"
    ),
}
"""Groups of three, or of two before the last three as in India. A group never begins with 0, so
that 0,125 has decimals and no thousands.
"""
_NO_FIGURE: Final = re.compile("[^0-9.,]")
_MINUS: Final = "-\u2212"
_MONEY: Final = re.compile(r"^(?:[A-Z]{3}|[$€£¥₹₩₽₺₪฿₫₴])\s?|\s?(?:[A-Z]{3}|[$€£¥₹₩₽₺₪฿₫₴])$")
LONGEST: Final = 40
"""Of a cell that is a number or a date."""

_ROUNDED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}")
_EXACT_DIGITS: Final = 15
"""More than these no spreadsheet keeps of a number: it writes zeros for the rest."""
LONG_DIGITS: Final = re.compile(rf"[0-9]{{{_EXACT_DIGITS + 1},}}")
_SPREADSHEET_ERROR: Final = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|NV|WERT!|BEZUG!|ZAHL!|#{2,})"
)
_FORMULA_OF_TEXT: Final = re.compile(r'="((?:[^"]|"")*)"')


class Ambiguous(Exception):
    """A cell that can be read in two ways, which nothing settles."""


class Illegible(Exception):
    """A cell that cannot be read in the way that was chosen, or in none."""


def settled(readings: Readings, chosen: str | None) -> Any:
    """The one value. Raises `Ambiguous` and `Illegible`."""
    if chosen is not None and readings:
        if chosen not in readings:
            raise Illegible
        return readings[chosen]
    values = list(readings.values())
    if not values:
        raise Illegible
    if any(value != values[0] for value in values):
        raise Ambiguous
    return values[0]


def read_day(text: str, order: DateOrder | None, zone: tzinfo) -> date:
    """Of an instant: its day in `zone`. Raises `Ambiguous` and `Illegible`."""
    value = settled(instant_readings(text) or day_readings(text), order)
    if isinstance(value, datetime):
        return (value.astimezone(zone) if value.tzinfo else value).date()
    return value  # type: ignore[no-any-return]


def read_instant(text: str, order: DateOrder | None, zone: tzinfo) -> datetime:
    """In UTC. What names no offset is of `zone`; a day alone is its beginning. Raises `Ambiguous`
    and `Illegible`.
    """
    value = settled(instant_readings(text) or day_readings(text), order)
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise Illegible from error


def day_readings(text: str) -> Readings:
    """Days by `DateOrder`."""
    said = _DOTTED.sub(lambda found: "." if found[0] != "." else "", text.strip().lower())
    if len(said) > LONGEST:
        return {}
    if found := _YEAR_FIRST.fullmatch(said):
        return _either(_day(found[1], found[3], found[4]))
    if found := _EAST_ASIAN.fullmatch(said):
        return _either(_day(*found.groups()))
    if found := _NAMED_MONTH.fullmatch(said):
        return _either(_day(found[3], _MONTHS.get(found[2]), found[1]))
    if found := _MONTH_BEFORE_DAY.fullmatch(said):
        return _either(_day(found[3], _MONTHS.get(found[1]), found[2]))
    if found := _YEAR_LAST.fullmatch(said):
        first, between, second, year = found.groups()
        readings = {"day_first": _day(year, second, first)}
        if between != ".":  # nobody writes months first with points
            readings["month_first"] = _day(year, first, second)
        return {order: day for order, day in readings.items() if day is not None}
    return {}


def instant_readings(text: str) -> Readings:
    """Instants by `DateOrder`, without an offset where the cell names none."""
    found = _TIME.fullmatch(text.strip())
    if found is None or len(text) > LONGEST:
        return {}
    day, hour, minute, second, fraction, half, offset = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= _HOURS_OF_HALF:
            return {}
        hours = hours % _HOURS_OF_HALF + (_HOURS_OF_HALF if half in "Pp" else 0)
    try:
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        clock = time(hours, int(minute), int(second or 0), micro, _offset(offset))
    except ValueError:
        return {}
    return {order: datetime.combine(on, clock) for order, on in day_readings(day).items()}


def _offset(text: str | None) -> timezone | None:
    """Raises `ValueError` for one that is a day or more."""
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-away if text[0] == "-" else away)


def _either(day: date | None) -> Readings:
    return {} if day is None else dict.fromkeys(ORDERS, day)


def _day(year: str, month: str | int | None, day: str) -> date | None:
    of = int(year)
    if len(year) < len("2026"):
        of += 2000 if of <= _LAST_SHORT_YEAR else 1900
    try:
        return date(of, int(month or 0), int(day))
    except ValueError:
        return None


def number_readings(text: str, *, money: bool = False) -> Readings:
    """Figures as JSON writes them, `-1234.5`, by `DecimalSign`. `money` may name its currency."""
    said = text.strip()
    if len(said) > LONGEST:
        return {}
    bracketed = said.startswith("(") and said.endswith(")")
    if bracketed:
        said = said[1:-1].strip()
    before, figures, after = _signs(_MONEY.sub("", said, count=1) if money else said)
    if bool(before) + bool(after) + bracketed > 1:
        return {}
    figures = (_MONEY.sub("", figures, count=1) if money else figures).strip()
    minus = "-" if bracketed or after or (before and before in _MINUS) else ""
    return {
        sign: minus + _plain(figures, sign)
        for sign, shape in _FIGURES.items()
        if shape.fullmatch(figures)
    }


def _signs(said: str) -> tuple[str, str, str]:
    """The sign before, the figures, the sign behind."""
    before = said[:1] if said[:1] in {"+", *_MINUS} else ""
    after = said[-1:] if said[-1:] in {*_MINUS} and len(said) > len(before) else ""
    return before, said[len(before) : len(said) - len(after)].strip(), after


def _plain(figures: str, sign: str) -> str:
    kept = _NO_FIGURE.sub("", figures)
    if sign == "comma":
        return kept.replace(".", "").replace(",", ".")
    return kept.replace(",", "")


def without_formula(text: str) -> str:
    """`="007"` is how exports keep a spreadsheet from making a number of a text."""
    found = _FORMULA_OF_TEXT.fullmatch(text)
    return found[1].replace('""', '"') if found else text


def is_spreadsheet_error(text: str) -> bool:
    return text.startswith("#") and _SPREADSHEET_ERROR.fullmatch(text) is not None


def is_rounded(text: str, evidence: Collection[str]) -> bool:
    """Whether a spreadsheet made a number of an id and lost its last digits.

    Zeros behind the fifteenth digit say so, unless another id of the column (`evidence` of it) has
    kept its digits there.
    """
    if _ROUNDED.fullmatch(text):
        return True
    return "long_number" not in evidence and ends_in_zeros(text)


def ends_in_zeros(text: str) -> bool:
    return bool(LONG_DIGITS.fullmatch(text)) and not text[_EXACT_DIGITS:].strip("0")


@dataclass(frozen=True, slots=True)
class Formats:
    """How the cells of an import are read."""

    order: DateOrder | None = None
    decimals: DecimalSign | None = None
    zone: tzinfo = UTC


AS_SHOWN: Final = Formats()
