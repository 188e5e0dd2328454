"""What of a profile is written to its record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from shared.errors import Fault

Kind = Literal["user", "group"]
RECORD_TYPES: Final[Mapping[Kind, str]] = {"user": "contact", "group": "account"}
OWN_FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "user": ("email", "first_name", "last_name", "name", "phone", "time_zone", "title"),
    "group": ("country", "domain", "name", "time_zone"),
}
"""Fields of the record itself that may be mapped; any other is `traits.<key>`."""
_TRAITS: Final = "traits."


@dataclass(frozen=True, slots=True)
class Said:
    """An `identify` or `group` message, read."""

    kind: Kind
    external_id: str
    email: str | None
    traits: Mapping[str, Any]
    at: datetime


def together(said: Iterable[Said]) -> list[Said]:
    """One for each user and group, where a later message goes before an earlier one."""
    found: dict[tuple[Kind, str], Said] = {}
    for each in sorted(said, key=lambda one: (one.kind, one.external_id, one.at)):
        known = found.get((each.kind, each.external_id))
        traits = {**(known.traits if known else {}), **each.traits}
        email = each.email or (known.email if known else None)
        found[each.kind, each.external_id] = Said(
            each.kind, each.external_id, email, traits, each.at
        )
    return list(found.values())


def changed_fields(
    mappings: Mapping[str, str], traits: Mapping[str, Any], written: Mapping[str, Any]
) -> dict[str, Any]:
    """Field to value, of what is mapped and was not written before: what a person has changed
    since then stays theirs until the product says something new.
    """
    said = {field: traits[name] for name, field in mappings.items() if name in traits}
    return {
        field: value
        for field, value in said.items()
        if field not in written or written[field] != value
    }


def row_of(record_id: UUID, fields: Mapping[str, Any]) -> dict[str, Any]:
    """As a bulk write takes it."""
    row: dict[str, Any] = {"id": str(record_id)}
    traits = {}
    for field, value in fields.items():
        if field.startswith(_TRAITS):
            traits[field.removeprefix(_TRAITS)] = value
        else:
            row[field] = value
    return row | ({"traits": traits} if traits else {})


def fields_at_fault(fields: Iterable[str], faults: Sequence[Fault]) -> dict[str, Fault]:
    """The first fault of each field that has one."""
    pointers = {"/" + field.replace(".", "/"): field for field in fields}
    found: dict[str, Fault] = {}
    for fault in faults:
        for pointer, field in pointers.items():
            if fault.pointer == pointer or fault.pointer.startswith(f"{pointer}/"):
                found.setdefault(field, fault)
    return found
