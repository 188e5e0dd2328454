"""Whether a value fits its definition. Values are stored in one form per type."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar
from uuid import UUID

import re2

from shared.errors import Fault
from shared.mail.addresses import InvalidEmail, normal_email
from shared.traits.definitions import Definition, TraitType
from shared.values.plain import near_day, near_instant, one_line
from shared.values.websites import NotAHost, url_of

T = TypeVar("T", date, datetime)

_MAX_INTEGER: Final = 2**63 - 1
_MAX_STRING = 1_000
_MAX_TEXT = 131_072
"""What a CRM lets a long text have."""
_MAX_URL = 2_000
_MAX_CHOSEN = 100
_DATE_LENGTH = len("2027-03-31")


class InvalidTraitValue(Exception):
    """A value that its definition refuses."""

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = extra

    def at(self, pointer: str) -> Fault:
        return Fault(pointer, self.code, self.message, self.extra or None)


def coerce(definition: Definition, value: Any) -> Any:
    """`value` in its stored form. Raises `InvalidTraitValue`. Ids of members and contacts are only
    read.
    """
    kept = _FORMS[definition.type](definition, value)
    pattern = definition.pattern
    if pattern and isinstance(kept, str) and compiled(pattern).fullmatch(kept) is None:
        raise InvalidTraitValue("pattern", f"Must match the pattern {pattern}.")
    return kept


def beside(
    definition: Definition, value: Any, traits: Mapping[str, Any]
) -> InvalidTraitValue | None:
    """Whether a dependent picklist offers `value` beside the other values of the record."""
    if definition.depends_on is None:
        return None
    parent = traits.get(definition.depends_on)
    for chosen in value if isinstance(value, list) else [value]:
        option = definition.allowed.get(chosen)
        if option is not None and option.when is not None and parent not in option.when:
            return InvalidTraitValue(
                "option_not_offered",
                f"{chosen!r} is not offered when {definition.depends_on} is {parent!r}.",
                depends_on=definition.depends_on,
            )
    return None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """RE2 works in linear time, whatever a user writes. Raises `re2.error`."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)


def _wrong_type(definition: Definition, example: str) -> InvalidTraitValue:
    article = "An" if definition.type == "email" else "A"
    message = f"{article} {definition.type} such as {example}."
    return InvalidTraitValue("wrong_type", message, expected=definition.type)


def _string(definition: Definition, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(definition, '"EMEA"')
    try:
        return _sized(definition, one_line(value), _MAX_STRING)
    except ValueError as error:
        raise InvalidTraitValue(
            "not_one_line", f"{error} A trait of type `text` takes them."
        ) from None


def _text(definition: Definition, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(definition, '"Any text"')
    return _sized(definition, unicodedata.normalize("NFC", value), _MAX_TEXT)


def _sized(definition: Definition, value: str, longest: int) -> str:
    low = 0 if definition.minimum is None else definition.minimum
    high = longest if definition.maximum is None else min(longest, definition.maximum)
    if not low <= len(value) <= high:
        raise InvalidTraitValue(
            "length", f"Must have {low:g} to {high:g} characters, has {len(value)}."
        )
    return value


def _number(definition: Definition, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong_type(definition, "12.5")
    # One form for one number, so that containment and comparison of the JSON agree.
    kept = int(value) if isinstance(value, float) and value.is_integer() else value
    if abs(kept) > _MAX_INTEGER:
        # It could be read, but not be sent back.
        raise InvalidTraitValue("too_large", "An integer must fit 64 bits.")
    return _ranged(definition, kept)


def _currency(definition: Definition, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(definition, "1250000, in minor units")
    return int(_ranged(definition, value))


def _ranged(definition: Definition, value: float) -> int | float:
    if definition.minimum is not None and value < definition.minimum:
        raise InvalidTraitValue("too_small", f"Must be at least {definition.minimum:g}.")
    if definition.maximum is not None and value > definition.maximum:
        raise InvalidTraitValue("too_large", f"Must be at most {definition.maximum:g}.")
    return value


def _boolean(definition: Definition, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(definition, "true")
    return value


def _date(definition: Definition, value: Any) -> str:
    try:
        given = value if isinstance(value, str) and len(value) == _DATE_LENGTH else ""
        day = date.fromisoformat(given)
    except ValueError:
        raise _wrong_type(definition, '"2027-03-31"') from None
    return _within_reach(near_day, day).isoformat()


def _datetime(definition: Definition, value: Any) -> str:
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) else "")
        if instant.tzinfo is None:
            raise ValueError
    except ValueError:
        raise _wrong_type(definition, '"2027-03-31T09:00:00Z"') from None
    return _within_reach(near_instant, instant).isoformat().removesuffix("+00:00") + "Z"


def _within_reach(check: Callable[[T], T], given: T) -> T:
    try:
        return check(given)
    except ValueError as error:
        raise InvalidTraitValue("out_of_reach", str(error)) from None


def _select(definition: Definition, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(definition, "one of its options")
    known = (value, unicodedata.normalize("NFC", value))
    chosen = next((one for one in known if one in definition.allowed), None)
    if chosen is None:
        raise InvalidTraitValue(
            "unknown_option",
            f"{value[:100]!r} is not an option of {definition.key}.",
            options=list(definition.allowed)[:50],
        )
    return chosen


def _multi_select(definition: Definition, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > _MAX_CHOSEN:
        raise _wrong_type(definition, "a list of its options")
    chosen = {_select(definition, item) for item in value}
    return [option.value for option in definition.options if option.value in chosen]


def _url(definition: Definition, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_URL:
        raise _wrong_type(definition, '"https://example.com"')
    try:
        return url_of(value)
    except NotAHost:
        raise _wrong_type(definition, '"https://example.com"') from None


def _email(definition: Definition, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(definition, '"ada@example.com"')
    try:
        return normal_email(value)
    except InvalidEmail as error:
        raise InvalidTraitValue("invalid_address", str(error)) from error


def _id(definition: Definition, value: Any) -> str:
    try:
        return str(UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise _wrong_type(definition, f"the id of a {definition.type}") from None


def _read_only(definition: Definition, _: Any) -> Any:
    raise InvalidTraitValue("read_only", f"A formula works out {definition.key}; nobody writes it.")


_FORMS: Final[Mapping[TraitType, Callable[[Definition, Any], Any]]] = {
    "string": _string,
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "currency": _currency,
    "select": _select,
    "multi_select": _multi_select,
    "url": _url,
    "email": _email,
    "member": _id,
    "contact": _id,
    "formula": _read_only,
}
