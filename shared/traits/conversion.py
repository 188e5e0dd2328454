"""What becomes of a stored value when the definition of its trait is another one."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.traits.definitions import Definition, TraitType
from shared.traits.values import InvalidTraitValue, coerce

_SAMPLES: Final = 20
_WRITTEN: Final = frozenset({"string", "text", "url", "email"})
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(rf"{_DAY.pattern}T\S+(?:Z|[+-]\d{{2}}:\d{{2}})", re.ASCII)
_WRITTEN_NUMBER: Final = re.compile(
    r"[+-]?(?:\d{1,18}|\d{1,3}(?:,\d{3}){1,5})(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?", re.ASCII
)


def changes_values(before: Definition, after: Definition) -> bool:
    """Whether a value that fitted may have to be another one. The last values of what was a formula
    are already of its result's type.
    """
    same = after.type in {before.type, before.result_type}
    return not (same and before.allowed.keys() <= after.allowed.keys())


def converted(value: Any, to: Definition, zone: ZoneInfo) -> Any:
    """A stored value of any type as one of another. Raises `InvalidTraitValue` when that would lose
    it. Days are those of `zone`.
    """
    return coerce(to, _as_type(value, to.type, zone))


def _as_type(value: Any, to: TraitType, zone: ZoneInfo) -> Any:
    if isinstance(value, list) and to != "multi_select":
        value = ", ".join(value) if to in _WRITTEN else value[0] if len(value) == 1 else value
    match to:
        case "string" | "text":
            return _in_words(value)
        case "number" | "currency":
            return _as_number(value)
        case "boolean" if str(value).lower() in _YES | _NO:
            return str(value).lower() in _YES
        case "date" if isinstance(value, str) and _INSTANT.fullmatch(value):
            return _instant(value).astimezone(zone).date().isoformat()
        case "datetime" if isinstance(value, str) and _DAY.fullmatch(value):
            return _midnight(value, zone)
        case "select":
            return _in_words(value)
        case "multi_select" if not isinstance(value, list):
            return [_in_words(value)]
        case _:
            return value


def _instant(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidTraitValue("wrong_type", "This is no instant.") from None


def _midnight(value: str, zone: ZoneInfo) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return datetime.combine(day, time(), zone).isoformat()


def _in_words(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}" if isinstance(value, int | float) else value


def _as_number(value: Any) -> Any:
    """Commas stand between thousands; one that does not may be a decimal comma, so is refused."""
    if not isinstance(value, str) or not _WRITTEN_NUMBER.fullmatch(said := value.strip()):
        return value
    plain = said.replace(",", "")
    return int(plain) if plain.lstrip("+-").isdigit() else float(plain)


@dataclass
class Conversion:
    """How many values another definition could hold, and a sample of those that it could not."""

    to: Definition
    zone: ZoneInfo
    convertible: int = 0
    unconvertible: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)

    def look_at(self, record_id: UUID, value: Any) -> None:
        try:
            converted(value, self.to, self.zone)
            self.convertible += 1
        except InvalidTraitValue as invalid:
            self.unconvertible += 1
            if len(self.samples) < _SAMPLES:
                sample = {"record_id": record_id, "value": value, "message": invalid.message}
                self.samples.append(sample)

    def as_json(self) -> dict[str, Any]:
        return {
            "convertible": self.convertible,
            "unconvertible": self.unconvertible,
            "samples": self.samples,
        }


def retyped(definition: Definition, to: TraitType, **fields: Any) -> Definition:
    """The definition as another type: limits that belong to the old one are gone."""
    return replace(
        definition, type=to, minimum=None, maximum=None, pattern=None, default=None, **fields
    )
