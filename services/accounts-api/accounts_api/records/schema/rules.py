"""Decisions about a record's values that need nothing but the values."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.mail.addresses import email_key
from shared.rules.types.fold import fold

RecordState = dict[str, Any]
"""A record as plain values: ids and dates as text, instants as aware datetimes.

Two states of one record can be compared field by field.
"""


def merged(kept: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396 for one level: absent stays, null clears, all else replaces."""
    return {
        key: value
        for key, value in {**kept, **patch}.items()
        if not (key in patch and value is None)
    }


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]
) -> dict[str, tuple[Any, Any]]:
    """Field to its old and new value, where they differ: `names`, traits one by one, and the parts
    that live in tables of their own. A missing value and null are the same.
    """
    found = {name: (before.get(name), after.get(name)) for name in _unlike(before, after, names)}
    for group in ("traits", "key_roles"):
        old, new = before.get(group) or {}, after.get(group) or {}
        for key in sorted(_unlike(old, new, old.keys() | new.keys())):
            found[f"{group}.{key}"] = (old.get(key), new.get(key))
    old_links, new_links = before.get("accounts") or [], after.get("accounts") or []
    if old_links != new_links:
        found["accounts"] = (old_links, new_links)
    return found


def field_of(state: Mapping[str, Any], name: str) -> Any:
    """The value of a field by its name in the history: `arr`, `traits.tier`, `key_roles.csm`."""
    group, dot, key = name.partition(".")
    return (state.get(group) or {}).get(key) if dot else state.get(name)


def set_field(state: RecordState, name: str, value: Any) -> None:
    """The inverse of `field_of`; None takes a trait or key role away."""
    group, dot, key = name.partition(".")
    if not dot:
        state[name] = value
    elif value is None:
        state[group].pop(key, None)
    else:
        state[group][key] = value


def _unlike(
    one: Mapping[str, Any], other: Mapping[str, Any], names: Iterable[str]
) -> Iterable[str]:
    return (name for name in names if not same(one.get(name), other.get(name)))


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: `1` and `true` differ, and so do `1` and `"1"`."""
    if one is other:
        return True  # as most values of a record are that was copied to be changed
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def event_field_names(changes: Iterable[str]) -> list[str]:
    """The names an event carries: all key roles under one."""
    return sorted({"key_roles" if name.startswith("key_roles.") else name for name in changes})


_WORD = re.compile(r"[^\W_]+")
_SEARCHED = ("name", "domain", "email", "external_id")


def words(text: str) -> list[str]:
    """Without accents, capitals and punctuation."""
    return _WORD.findall(fold(text))


def search_text(state: Mapping[str, Any]) -> str:
    """What a search looks into: each word after a space, so that its beginning can be told."""
    said = " ".join(str(state[name]) for name in _SEARCHED if state.get(name))
    return "".join(f" {word}" for word in words(said))


def full_name(state: Mapping[str, Any]) -> str | None:
    parts = [part for part in (state.get("first_name"), state.get("last_name")) if part]
    return " ".join(parts) or state.get("email") or None


def derive_contact_fields(before: Mapping[str, Any] | None, after: RecordState) -> None:
    """What follows from a contact's other fields.

    The name follows the first and last name until someone gives another; a bounce belongs to the
    address that bounced, so a new address starts without it.
    """
    named_by_parts = before is None or before["name"] == full_name(before)
    if not after.get("name") or (
        named_by_parts and before is not None and after["name"] == before["name"]
    ):
        after["name"] = full_name(after) or after.get("name")
    after["email_key"] = email_key(after.get("email"))
    if before is None or before["email_key"] == after["email_key"]:
        return
    if before["email_status"] == after["email_status"] == "bounced":
        after["email_status"] = "ok"


def derive_nothing(before: Mapping[str, Any] | None, after: RecordState) -> None:
    """Most records: every field stands for itself."""
