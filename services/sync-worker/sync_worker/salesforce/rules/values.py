"""From a value of Salesforce to a value of ours, by the type the mapping names."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final, Literal
from zoneinfo import available_timezones

from shared.web_addresses import NotAHost, host_of, url_of

ValueType = Literal[
    "text",
    "domain",
    "url",
    "email",
    "number",
    "money",
    "boolean",
    "date",
    "datetime",
    "time_zone",
    "choice",
    "member",
]

_MINOR_DIGITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
"""ISO 4217 currencies whose minor unit is not a hundredth."""
_ZONES = available_timezones()
_MAX_SAFE = 2**53 - 1


class Unmappable(ValueError):
    """The value cannot become what the mapping says; the record is set aside with this reason."""


def converted(
    value: Any,
    to: ValueType,
    *,
    currency: str,
    choices: Mapping[str, str] | None = None,
    otherwise: str | None = None,
) -> Any:
    """Raises `Unmappable`. Empty text is no value: Salesforce does not tell the two apart."""
    if value is None or value == "":
        return False if to == "boolean" else (otherwise if to == "choice" else None)
    if to == "money":
        return _minor_units(value, currency)
    if to == "choice":
        return (choices or {}).get(str(value), otherwise if choices else str(value))
    return _FORMS[to](value)


def parsed_instant(text: str) -> datetime:
    """`2024-07-24T14:05:58.000+0000`: the offset of the REST API has no colon."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unmappable(f"{text!r} is not a date and time.") from error
    if at.tzinfo is None:
        raise Unmappable(f"{text!r} has no time zone.")
    return at.astimezone(UTC)


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise Unmappable(f"{value!r} is not a number.") from error
    if not number.is_finite():
        raise Unmappable(f"{value!r} is not a number.")
    return number


def _number(value: Any) -> int | float:
    number = _decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _minor_units(value: Any, currency: str) -> int:
    digits = _MINOR_DIGITS.get(currency, 2)
    minor = (_decimal(value) * 10**digits).to_integral_value(ROUND_HALF_EVEN)
    if abs(minor) > _MAX_SAFE:
        raise Unmappable(f"{value!r} {currency} is more money than there is.")
    return int(minor)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "yes", "1"}:
        return True
    if str(value).lower() in {"false", "no", "0"}:
        return False
    raise Unmappable(f"{value!r} is neither true nor false.")


def _date(value: Any) -> str:
    text = str(value)
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise Unmappable(f"{text!r} is not a date.") from error


def _url(value: Any) -> str:
    try:
        return url_of(str(value))
    except NotAHost:
        raise Unmappable(f"{value!r} is no web address.") from None


def _domain(value: Any) -> str | None:
    try:
        return host_of(str(value))
    except NotAHost:
        return None


def _time_zone(value: Any) -> str | None:
    """A zone that nobody knows is no reason to refuse the record: the workspace's own holds."""
    return str(value) if str(value) in _ZONES else None


def _text(value: Any) -> str | None:
    return str(value).strip() or None


def _instant(value: Any) -> str:
    return parsed_instant(str(value)).isoformat().replace("+00:00", "Z")


_FORMS: Final[Mapping[ValueType, Callable[[Any], Any]]] = {
    "text": _text,
    "email": _text,
    "member": _text,
    "url": _url,
    "domain": _domain,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _instant,
    "time_zone": _time_zone,
}
