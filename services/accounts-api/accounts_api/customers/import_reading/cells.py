"""What the text of a cell is worth for what its column is mapped to."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from accounts_api.customers.import_destinations.rules import Target
from accounts_api.customers.imports.rules import AmountUnits
from accounts_api.language.spreadsheets.csv_cells import plain, several
from accounts_api.language.spreadsheets.formats import (
    AS_SHOWN,
    Ambiguous,
    Formats,
    Illegible,
    is_spreadsheet_error,
    number_readings,
    read_day,
    read_instant,
    settled,
    without_formula,
)
from shared.mail.addresses import email_key
from shared.rules.syntax.values import exponent

_YES: Final = frozenset(
    {"true", "yes", "1", "active"}
    | {"wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda"}
)
_NO: Final = frozenset(
    {"false", "no", "0", "inactive", "deactivated"} | {"falsch", "faux", "falso", "onwaar", "fałsz"}
)
"""As people write them, and as spreadsheets of other countries do."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,15})?")
_PLAIN: Final = re.compile(r"-?[0-9]+\.[0-9]+")


class Unreadable(Exception):
    """The text of a cell that its target cannot be made of."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def value_of(
    target: Target, text: str, members: Mapping[str, str], formats: Formats = AS_SHOWN
) -> Any:
    """What a cell that is not empty says. AmountUnits as they are written. Raises `Unreadable`.

    `members` are ids by the key of the e-mail address.
    """
    if is_spreadsheet_error(text.strip()):
        raise Unreadable("spreadsheet_error", "The spreadsheet could not work out this cell.")
    said = plain(without_formula(text.strip()))
    match target.type:
        case "number":
            return _number(said, formats)
        case "boolean":
            return _boolean(said)
        case "date":
            return _day(said, formats)
        case "datetime":
            return _instant(said, formats)
        case "list":
            return several(said)
        case "member":
            return _member(said, members)
        case "members":
            return [_member(part, members) for part in several(said)]
        case _:
            return said


def _number(said: str, formats: Formats) -> int | float:
    readings = number_readings(said)
    # What this API writes is read back, whatever the file's other cells leave open.
    figures = _figures(readings, formats, written_here=bool(_PLAIN.fullmatch(said)))
    if figures is None or not _NUMBER.fullmatch(figures):
        raise Unreadable("not_a_number", f"{_A_NUMBER} such as 1250.5.")
    return float(figures) if "." in figures else int(figures)


_A_NUMBER: Final = "A number, written with the decimal sign that the import's `decimals` names,"


def _figures(
    readings: Mapping[str, str], formats: Formats, *, written_here: bool = False
) -> str | None:
    """None for what is no number in the way that the import's are written. Raises `Unreadable`."""
    try:
        return str(settled(readings, formats.decimals))
    except Illegible:
        return None
    except Ambiguous:
        if written_here:
            return readings["point"]
        either = " and ".join(sorted(readings.values()))
        message = f"It can be read as {either}: say `decimals` of the import, point or comma."
        raise Unreadable("ambiguous_number", message) from None


def _boolean(said: str) -> bool:
    if said.lower() in _YES | _NO:
        return said.lower() in _YES
    raise Unreadable("not_a_boolean", "true or false, yes or no, 1 or 0.")


def _day(said: str, formats: Formats) -> str:
    return _dated(lambda: read_day(said, formats.order, formats.zone).isoformat())


def _instant(said: str, formats: Formats) -> str:
    return _dated(
        lambda: read_instant(said, formats.order, formats.zone).isoformat().replace("+00:00", "Z")
    )


def _dated(read: Callable[[], str]) -> str:
    try:
        return read()
    except Ambiguous:
        message = "Day or month first? Say `dates` of the import, day_first or month_first."
        raise Unreadable("ambiguous_date", message) from None
    except Illegible:
        message = (
            "A date such as 2026-01-31, or 31.01.2026 or 1/31/2026 in the order that the import's"
            " `dates` names, its year with four digits."
        )
        raise Unreadable("not_a_date", message) from None


def _member(said: str, members: Mapping[str, str]) -> str:
    if "@" not in said:
        return said
    found = members.get(email_key(said) or "")
    if found is None:
        raise Unreadable("unknown_member", f"No member has the address {said[:100]!r}.")
    return found


def amount(
    said: str, amounts: AmountUnits, currency: str | None, formats: Formats = AS_SHOWN
) -> int:
    """Minor units of `currency`; a currency that nobody named has two decimals. Raises
    `Unreadable`.
    """
    digits = 0 if amounts == "minor" else exponent(currency or "")
    # Nobody writes three decimals of a currency that has two: there, 48.000 is in doubt.
    decimals = len(said.rpartition(".")[2]) if _PLAIN.fullmatch(said) else None
    readings = number_readings(said, money=True)
    figures = _figures(readings, formats, written_here=decimals == digits)
    if figures is None or not _NUMBER.fullmatch(figures):
        example = "minor units as an integer, such as 1250000"
        if amounts == "major":
            example = "such as 12500.00"
        raise Unreadable("not_an_amount", f"An amount, {example}; its decimal sign as `decimals`.")
    minor = Decimal(figures).scaleb(digits)
    if minor != int(minor):
        said_by = f"{currency or 'money'} has" if amounts == "major" else "minor units have"
        raise Unreadable("not_an_amount", f"It has more decimals than {said_by}.")
    return int(minor)
