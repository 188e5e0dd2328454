"""What is wrong with a mapping, before anything is read by it."""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from sync_worker.connectors.base import Spec
from sync_worker.crm_sync.translation.document import (
    OWN_FIELDS,
    REQUIRED,
    MappedRecordType,
    ObjectMapping,
    becomes,
)

Fault = tuple[str, str, str]
"""(pointer, code, message)"""

_SET_HERE: Final[Mapping[str, str]] = {
    "manually_enter_renewal_sequence": "It is reset here once it was used, so a field there that"
    " keeps its value would let the record enter again: let a flow there set it by the API.",
    "renewal_sequence_status": "It is set here: write it back by `write_back`.",
    "renewal_sequence_status_at": "It is set here: write it back by `write_back`.",
}


def structural_faults(spec: Spec, mapping: ObjectMapping) -> list[Fault]:
    """What is wrong with a mapping whatever the other system looks like."""
    faults: list[Fault] = []
    record_types = becomes(spec)
    for at, each in enumerate(mapping.objects):
        where = f"/objects/{at}"
        if record_types.get(each.object) != each.record_type:
            pairs = ", ".join(f"{name} → {kind}" for name, kind in record_types.items())
            faults.append((f"{where}/object", "unknown_object", f"One of: {pairs}."))
            continue
        if [other.object for other in mapping.objects].count(each.object) > 1:
            faults.append((f"{where}/object", "repeated", "Each object is mapped once."))
        targets = {field.target for field in each.fields}
        faults.extend(
            (f"{where}/fields", "required", f"Nothing is mapped to {name!r}.")
            for name in REQUIRED[each.record_type]
            if name not in targets
        )
        for index, field in enumerate(each.fields):
            fault = _target_fault(each.record_type, field.target)
            if fault is not None:
                faults.append((f"{where}/fields/{index}/target", "unknown_target", fault))
    faults.extend(
        (f"/write_back/{at}/object", "unknown_object", "Only opportunities are written back.")
        for at, each in enumerate(mapping.write_back)
        if record_types.get(each.object) != "opportunity"
    )
    return faults


def _target_fault(record_type: MappedRecordType, target: str) -> str | None:
    group, dot, _ = target.partition(".")
    if not dot:
        known = OWN_FIELDS[record_type]
        if target in known:
            return None
        told = _SET_HERE.get(target) if record_type == "opportunity" else None
        return told or f"A {record_type} has: {', '.join(sorted(known))}."
    if group == "key_roles" and record_type != "account":
        return "Only an account has key roles."
    if group == "traits" and record_type == "member":
        return "A member has no traits."
    return None


def key_role_faults(mapping: ObjectMapping, key_roles: Container[str]) -> list[Fault]:
    """Key roles that the mapping names and that there are not."""
    return [
        (
            f"/objects/{at}/fields/{index}/target",
            "unknown_key_role",
            f"There is no key role {field.target.removeprefix('key_roles.')!r}.",
        )
        for at, each in enumerate(mapping.objects)
        for index, field in enumerate(each.fields)
        if field.target.startswith("key_roles.")
        and field.target.removeprefix("key_roles.") not in key_roles
    ]


def visibility_faults(
    mapping: ObjectMapping, described: Mapping[str, Iterable[str]]
) -> list[Fault]:
    """Fields that the mapping names and `describe` does not."""
    faults: list[Fault] = []
    for at, each in enumerate(mapping.objects):
        if each.object not in described:
            continue
        seen = set(described[each.object])
        faults.extend(
            (
                f"/objects/{at}/fields/{index}/source",
                "unknown_field",
                f"{each.object} has no field {field.source!r} that the connected user may see.",
            )
            for index, field in enumerate(each.fields)
            if field.source not in seen
        )
    for at, back in enumerate(mapping.write_back):
        if back.target not in set(described.get(back.object, ())):
            message = f"{back.object} has no field {back.target!r} that we may see."
            faults.append((f"/write_back/{at}/target", "unknown_field", message))
    return faults
