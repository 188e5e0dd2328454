"""From a neutral value to a value of ours, by the type that the mapping names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.mail.addresses import InvalidEmail, normal_email
from shared.values.plain import named_zone
from shared.values.websites import NotAHost, host_of, url_of

MappedValueType = TypeAliasType(
    "MappedValueType",
    Annotated[
        Literal[
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
            "choices",
            "member",
        ],
        Field(
            description="How a value of the other system is read: `money` in minor units of the"
            " currency, `choice` and `choices` by the `choices` of the field, `member` as"
            " the user of theirs that is a member here."
        ),
    ],
)

_MINOR_DIGITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
"""ISO 4217 currencies whose minor unit is not a hundredth."""
_MAX_SAFE = 2**53 - 1
_MOST_DIGITS = 18
"""Before the point: what has more fits no integer of ours, and Python would write all of them."""
_ADDRESS = ("street", "city", "state", "postalCode", "country")
_MOST_QUOTED = 100


class Unmappable(ValueError):
    """The value cannot become what the mapping says; the message says why to a person."""


@dataclass(frozen=True, slots=True)
class Locale:
    """What a value means where it does not say it itself."""

    currency: str
    zone: ZoneInfo
    """Of the workspace: whose day an instant belongs to."""


def locale_of(currency: str, time_zone: str) -> Locale:
    return Locale(currency, ZoneInfo(time_zone))


def converted(
    value: Any,
    to: MappedValueType,
    locale: Locale,
    *,
    choices: Mapping[str, str] | None = None,
    otherwise: str | None = None,
) -> Any:
    """Raises `Unmappable`. Empty text is no value: some systems do not tell the two apart."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return False if to == "boolean" else (otherwise if to == "choice" else None)
    match to:
        case "money":
            return _minor_units(value, locale.currency)
        case "date":
            return _date(value, locale.zone)
        case "choice":
            return _choice(_text(value), choices, otherwise)
        case "choices":
            parts = [part.strip() for part in _parts(value)]
            chosen = [_choice(part, choices, otherwise) for part in parts if part]
            return [each for each in dict.fromkeys(chosen) if each is not None]
        case _:
            return _FORMS[to](value)


def shown(value: Any) -> str:
    """A value as a message quotes it."""
    if isinstance(value, int | Decimal) and _is_huge(value):
        return "a very large number"
    if isinstance(value, dict) and "member" in value:
        return str(value["member"])
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"


def _is_huge(value: int | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value.adjusted() > _MOST_DIGITS
    return bool(abs(value) > 10**_MOST_DIGITS)


def _parts(value: Any) -> Sequence[str]:
    """A choice of several is a tuple where its system says so, and else a text."""
    return value if isinstance(value, tuple) else _text(value).split(";")


def parsed_instant(text: str) -> datetime:
    """Raises `Unmappable`."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise Unmappable(f"{shown(text)!r} has no time zone.")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, Unmappable):
            raise
        raise Unmappable(f"{shown(text)!r} is not a date and time.") from error


def _decimal(value: Any) -> Decimal:
    refusal = Unmappable(f"{shown(value)!r} is not a number.")
    if isinstance(value, bool | list | dict | tuple):
        raise refusal
    try:
        number = Decimal(value if isinstance(value, int) else str(value).strip())
    except InvalidOperation as error:
        raise refusal from error
    if not number.is_finite():
        raise refusal
    if number.adjusted() >= _MOST_DIGITS:
        raise Unmappable(f"{shown(value)!r} is too large a number.")
    return number


def _number(value: Any) -> int | float:
    number = _decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _minor_units(value: Any, currency: str) -> int:
    digits = _MINOR_DIGITS.get(currency, 2)
    minor = (_decimal(value) * 10**digits).to_integral_value(ROUND_HALF_EVEN)
    if abs(minor) > _MAX_SAFE:
        raise Unmappable(f"{shown(value)!r} {currency} is more money than there is.")
    return int(minor)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    written = shown(value).strip().lower()
    if written in {"true", "yes", "1", "1.0"}:
        return True
    if written in {"false", "no", "0", "0.0"}:
        return False
    raise Unmappable(f"{shown(value)!r} is neither true nor false.")


def _date(value: Any, zone: ZoneInfo) -> str:
    """An instant is the day that it falls on in `zone`."""
    text = str(value).strip()
    try:
        if len(text) <= len("2026-03-31"):
            return date.fromisoformat(text).isoformat()
        return parsed_instant(text).astimezone(zone).date().isoformat()
    except (ValueError, OverflowError) as error:
        raise Unmappable(f"{shown(text)!r} is not a date.") from error


def _url(value: Any) -> str:
    try:
        return url_of(_text(value))
    except NotAHost:
        raise Unmappable(f"{shown(value)!r} is no web address.") from None


def _domain(value: Any) -> str:
    try:
        return host_of(_text(value))
    except NotAHost:
        raise Unmappable(f"{shown(value)!r} names no host.") from None


def _email(value: Any) -> str:
    try:
        return normal_email(_text(value))
    except InvalidEmail as error:
        raise Unmappable(f"{shown(value)!r} is no e-mail address. {error}") from error


def _time_zone(value: Any) -> str:
    try:
        return named_zone(_text(value))
    except ValueError as error:
        raise Unmappable(f"{shown(value)!r} is no time zone that we know.") from error


def _choice(given: str, choices: Mapping[str, str] | None, otherwise: str | None) -> str | None:
    return (choices or {}).get(given, otherwise if choices else given)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _address(value)
    if isinstance(value, list):
        raise Unmappable("It is a list.")
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, int | float | Decimal):
        return str(_number(value))
    if isinstance(value, datetime):
        return _instant(value)
    return str(value).strip()


def _address(value: Mapping[str, Any]) -> str:
    """A compound field of an address in one line."""
    parts = [value.get(name) for name in _ADDRESS]
    told = [" ".join(part.split()) for part in parts if isinstance(part, str) and part.strip()]
    if not told:
        raise Unmappable("It has parts, and is no address.")
    return ", ".join(told)


def _instant(value: Any) -> str:
    return parsed_instant(str(value).strip()).isoformat().replace("+00:00", "Z")


_FORMS: Final[Mapping[MappedValueType, Callable[[Any], Any]]] = {
    "text": _text,
    "email": _email,
    "member": _text,
    "url": _url,
    "domain": _domain,
    "number": _number,
    "boolean": _boolean,
    "datetime": _instant,
    "time_zone": _time_zone,
}
