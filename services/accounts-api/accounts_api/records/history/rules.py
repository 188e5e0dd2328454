"""What a record was: its present state with later changes undone."""

from collections.abc import Iterable, Mapping
from typing import Any

from accounts_api.records.schema.rules import RecordState, set_field

Undone = tuple[str, Any]
"""A field and the value that it had."""


def rewound(state: Mapping[str, Any], undone: Iterable[Undone]) -> RecordState | None:
    """`state` with fields as they were; None if it was not there yet."""
    past: RecordState = {**state, "traits": dict(state["traits"])}
    if "key_roles" in past:
        past["key_roles"] = dict(past["key_roles"])
    for field, was in undone:
        if field == "created":
            return None
        set_field(past, field, was)
    return past
