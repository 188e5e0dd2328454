"""The traits that a mapping fills, as they are defined when they are missing."""

from collections.abc import Mapping
from typing import Any, Final

from sync_worker.crm_sync.translation.document import ObjectMap
from sync_worker.crm_sync.translation.transforms import MappedValueType

_TRAIT_TYPES: Final[Mapping[MappedValueType, str]] = {
    "number": "number",
    "money": "currency",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "url": "url",
    "email": "email",
    "member": "member",
}
_LONGEST_STRING = 1_000


def traits_of(
    mapping: ObjectMap, lengths: Mapping[str, int | None], currency: str
) -> list[dict[str, Any]]:
    """Definitions of the traits that a mapping fills. `lengths` are those of their texts."""
    if mapping.record_type == "member":
        return []
    found = {}
    for each in mapping.fields:
        group, _, key = each.target.partition(".")
        if group != "traits":
            continue
        kind = _TRAIT_TYPES.get(each.type, "string")
        if kind == "string" and (lengths.get(each.source) or 0) > _LONGEST_STRING:
            kind = "text"
        found[key] = {
            "record_type": mapping.record_type,
            "key": key,
            "title": key.replace("_", " ").capitalize(),
            "type": kind,
            **({"currency": currency} if kind == "currency" else {}),
        }
    return list(found.values())
