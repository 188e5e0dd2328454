"""The API of one workspace as a document: which traits its records have, and which types of records
it has made itself; and what a change of it means to a client.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.events.accounts import ApiSchemaChangeKind

Shape = dict[str, Any]
"""`{"traits": {record_type: {key: trait}}, "object_types": {key: type}}`, as JSON."""

NO_SHAPE: Final[Shape] = {"traits": {}, "object_types": {}}
_WORDS: Final = frozenset({"title", "description", "plural_title", "deprecated"})
"""Members that only people read."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    change: ApiSchemaChangeKind
    path: str
    """`account.traits.tier`, or `object_types.project`."""
    breaking: bool
    """Whether a client that was generated before may now be refused, or read what it does not
    expect.
    """
    message: str


def changes_between(before: Shape, after: Shape) -> Iterator[SchemaChange]:
    """In the order of their paths."""
    types_before, types_after = before["object_types"], after["object_types"]
    yield from _changes(types_before, types_after, "object_types", _type_change)
    for record_type in sorted(before["traits"].keys() | after["traits"].keys()):
        yield from _changes(
            before["traits"].get(record_type, {}),
            after["traits"].get(record_type, {}),
            f"{record_type}.traits",
            _trait_change,
        )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, compare: Any
) -> Iterator[SchemaChange]:
    for key in sorted(before.keys() | after.keys()):
        here = f"{path}.{key}"
        if key not in before:
            required = bool(after[key].get("required"))
            message = "It must be said on new records." if required else "It is new."
            yield SchemaChange("added", here, required, message)
        elif key not in after:
            yield SchemaChange("removed", here, breaking=True, message="It is gone.")
        elif before[key] != after[key]:
            yield compare(here, before[key], after[key])


def _trait_change(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> SchemaChange:
    changed = _changed(before, after)
    reasons = [
        reason
        for holds, reason in (
            ("type" in changed, f"Its type is {after['type']} instead of {before['type']}."),
            (_lost(before["options"], after["options"]), "It has lost options."),
            (_narrowed(before, after), "It takes fewer values."),
            (after["required"] and not before["required"], "It must be said on new records."),
            (after["read_only"] and not before["read_only"], "It can only be read."),
            ("currency" in changed, "Its amounts are in another currency."),
        )
        if holds
    ]
    return _change(path, changed, reasons)


def _type_change(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> SchemaChange:
    lost = set(before["links"]) - set(after["links"])
    reasons = [f"It belongs to no {link} any more." for link in sorted(lost)]
    if after["archived"] and not before["archived"]:
        reasons.append("It takes no new records.")
    return _change(path, _changed(before, after), reasons)


def _change(path: str, changed: set[str], reasons: list[str]) -> SchemaChange:
    if reasons:
        return SchemaChange("changed", path, breaking=True, message=" ".join(reasons))
    names = ", ".join(f"`{name}`" for name in sorted(changed))
    message = "Only its words changed." if changed <= _WORDS else f"{names} changed."
    return SchemaChange("changed", path, breaking=False, message=message)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in after if before.get(name) != after[name]}


def _lost(before: list[str] | None, after: list[str] | None) -> bool:
    return bool(set(before or ()) - set(after or ()))


def _narrowed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a value that was taken may be refused now."""
    low, high = after["minimum"], after["maximum"]
    return (
        (low is not None and (before["minimum"] is None or low > before["minimum"]))
        or (high is not None and (before["maximum"] is None or high < before["maximum"]))
        or (after["pattern"] is not None and after["pattern"] != before["pattern"])
    )
