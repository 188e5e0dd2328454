"""What a refused row can be written without: pure decisions."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Row = Mapping[str, Any]

_NEEDED: Final = frozenset(
    {
        "external_id",
        "id",
        "source",
        "name",
        "full_name",
        "type",
        "account_id",
        "account_external_id",
        "accounts",
        "deleted",
        "restore",
        "merged_into_external_id",
    }
)
"""Which record it is, what it cannot be without, and to whom it belongs."""
_AMOUNT: Final = frozenset({"arr", "currency"})
"""One is nothing without the other."""
_PLACE: Final = re.compile(r"^/rows/\d+")


@dataclass(frozen=True, slots=True)
class Trimmed:
    row: dict[str, Any]
    left_out: dict[str, str]
    """What does not fit, by target, such as `traits.tier`: what was said of it."""


def trimmed(row: Row, faults: Iterable[Mapping[str, Any]]) -> Trimmed | None:
    """The row without the values that are to blame for its refusal. None when there is nothing to
    leave out, or when what is to blame is something that the record needs.
    """
    left_out: dict[str, str] = {}
    for fault in faults:
        target = _target(str(fault.get("pointer") or ""), row)
        if target is None:
            return None
        left_out.setdefault(target, str(fault.get("message") or fault.get("code") or ""))
    if left_out.keys() & _AMOUNT:
        why = next(left_out[each] for each in sorted(_AMOUNT) if each in left_out)
        left_out |= {name: why for name in _AMOUNT & row.keys() if name not in left_out}
    if not left_out:
        return None
    return Trimmed(without(row, left_out), left_out)


def _target(pointer: str, row: Row) -> str | None:
    """Which value of the row a pointer means; None for what must not be left out."""
    first, *rest = _PLACE.sub("", pointer).removeprefix("/").split("/")
    if first not in row or first in _NEEDED:
        return None
    if isinstance(row[first], dict):
        key = rest[0] if rest else ""
        return f"{first}.{key}" if key in row[first] else None
    return first


def without(row: Row, targets: Container[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            inner = {key: each for key, each in value.items() if f"{name}.{key}" not in targets}
            if inner:
                kept[name] = inner
        elif name not in targets:
            kept[name] = value
    return kept
