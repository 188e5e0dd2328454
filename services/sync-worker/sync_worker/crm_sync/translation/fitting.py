"""Which conversion a mapped field takes, by what it comes from and what it is written to.

A mapping says how a field is meant; what its target holds is known. Where the two differ and a way
leads from one to the other, it is taken; where none does, the mapping is refused when it is saved.
The preview and a run ask here alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sync_worker.connectors.base import Field, Kind
from sync_worker.crm_sync.translation.document import (
    OWN_FIELDS,
    FieldMap,
    MappedRecordType,
    ObjectMap,
    ObjectMapping,
)
from sync_worker.crm_sync.translation.faults import Fault
from sync_worker.crm_sync.translation.fold import FittedField
from sync_worker.crm_sync.translation.transforms import MappedValueType


@dataclass(frozen=True, slots=True)
class Target:
    """What a trait or a field of ours holds."""

    holds: str
    currency: str | None = None


Targets = Mapping[str, Target]
"""The traits of a type of record, by key."""

_ALIKE: Final[tuple[MappedValueType, ...]] = (
    "text", "domain", "url", "email", "date", "datetime", "time_zone", "choice",
)  # fmt: skip
_TEXT: Final[Mapping[MappedValueType, MappedValueType]] = {
    **{each: each for each in _ALIKE},
    "number": "text",
    "boolean": "text",
    "choices": "text",
}
_WAYS: Final[Mapping[str, Mapping[MappedValueType, MappedValueType]]] = {
    "string": _TEXT,
    "text": _TEXT,
    "select": _TEXT,
    "multi_select": {"text": "choices", "choice": "choices", "choices": "choices"},
    "number": {"number": "number", "text": "number"},
    "currency": {"money": "money", "number": "money", "text": "money"},
    "money": {"money": "money", "number": "money", "text": "money"},
    "boolean": {"boolean": "boolean", "text": "boolean"},
    "date": {"date": "date", "datetime": "date", "text": "date"},
    "datetime": {"datetime": "datetime", "date": "datetime", "text": "datetime"},
    "url": {"url": "url", "domain": "url", "text": "url"},
    "domain": {"domain": "domain", "url": "domain", "text": "domain"},
    "email": {"email": "email", "text": "email"},
    "time_zone": {"time_zone": "time_zone", "text": "time_zone"},
    "choice": {"choice": "choice", "text": "choice"},
    "member": {"member": "member", "text": "member"},
}
"""What a target holds, and what a mapping may call it, to the conversion that is right. A target
that is not here (a formula, a contact) can be written from no field.
"""

_OF_A_NUMBER: Final = frozenset({"text", "choice", "number", "money", "boolean"})
_FROM: Final[Mapping[Kind, frozenset[str]]] = {
    "number": _OF_A_NUMBER,
    "money": _OF_A_NUMBER,
    "bool": frozenset({"boolean", "text", "choice"}),
    "date": frozenset({"date", "text"}),
    "instant": frozenset({"datetime", "date", "text"}),
    "time": frozenset({"text"}),
    "address": frozenset({"text"}),
    "choices": frozenset({"choices", "text"}),
    "json": frozenset(),
}
"""What can be made of a field of theirs, by its kind. From any other there is a text to read."""


@dataclass(frozen=True, slots=True)
class Fitted:
    mapping: ObjectMap
    faults: Sequence[Fault]
    """Fields that can never be written, which `mapping` leaves out; pointers are of the object."""


def fitted(mapping: ObjectMap, traits: Targets, described: Iterable[Field] | None) -> Fitted:
    """The mapping with the conversions that are right. `described` is what their system says of the
    object's fields, None where it was not asked.
    """
    kinds = {field.name: field.kind for field in described or ()}
    fields: list[FieldMap] = []
    faults: list[Fault] = []
    for place, field in enumerate(mapping.fields):
        target = target_of(mapping.record_type, field.target, traits)
        if target is None:
            # A trait that is not there yet is made to fit.
            kind: MappedValueType | None = field.type
        else:
            kind = _WAYS.get(target.holds, {}).get(field.type)
        source = kinds.get(field.source)
        if kind is None or not _can_come(source, kind):
            message = _refusal(field, target, source)
            faults.append((f"/fields/{place}/type", "kind_mismatch", message))
        else:
            is_trait = field.target.startswith("traits.")
            fits = {
                "type": kind,
                "currency": target.currency if target else None,
                "has_lines": target is None or (is_trait and target.holds == "text"),
            }
            fields.append(FittedField(**{**vars(field), **fits}))
    return Fitted(mapping.model_copy(update={"fields": tuple(fields)}), faults)


def target_of(record_type: MappedRecordType, name: str, traits: Targets) -> Target | None:
    """None for what there is not (yet)."""
    group, dot, key = name.partition(".")
    if not dot:
        held = OWN_FIELDS[record_type].get(name)
        return Target(held) if held else None
    return Target("member") if group == "key_roles" else traits.get(key)


def type_faults(
    mapping: ObjectMapping,
    traits: Mapping[MappedRecordType, Targets],
    described: Mapping[str, Iterable[Field]],
) -> list[Fault]:
    return [
        (f"/objects/{at}{pointer}", code, message)
        for at, each in enumerate(mapping.objects)
        for pointer, code, message in fitted(
            each, traits.get(each.record_type, {}), described.get(each.object)
        ).faults
    ]


def _can_come(source: Kind | None, kind: MappedValueType) -> bool:
    allowed = None if source is None else _FROM.get(source)
    return allowed is None or kind in allowed


def _refusal(field: FieldMap, target: Target | None, source: Kind | None) -> str:
    what = f"{field.source} ({source})" if source else field.source
    holds = f", which holds a {target.holds}" if target else ""
    return f"{what} cannot be written to {field.target}{holds} as {field.type}."
