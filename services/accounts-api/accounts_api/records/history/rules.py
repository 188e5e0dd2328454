"""What a record was: its present state with later changes undone."""

from collections.abc import Iterable, Mapping
from typing import Any

from accounts_api.records.schema.rules import RecordState

Undone = tuple[str, Any]
"""A field and the value it had before a change."""


def rewound(state: Mapping[str, Any], later: Iterable[Undone]) -> RecordState | None:
    """`state` as it was before the changes `later`, newest first; None if one of them made it."""
    past: RecordState = {**state, "traits": dict(state["traits"])}
    if "key_roles" in past:
        past["key_roles"] = dict(past["key_roles"])
    for field, old in later:
        group, dot, key = field.partition(".")
        if field == "created":
            return None
        if dot and group in {"traits", "key_roles"}:
            if old is None:
                past[group].pop(key, None)
            else:
                past[group][key] = old
        else:
            past[field] = old
    return past
