"""Applies overlays (OpenAPI Overlay Specification 1.0.0) to a document.

Targets are JSONPaths that name one place by its members, `$.components.schemas.Account`: our own
overlays have no others. A target that is not there changes nothing.
"""

import copy
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def apply_overlay(document: Document, overlay: Document) -> Document:
    """A new document: `document` stays as it is."""
    changed = copy.deepcopy(document)
    for action in overlay["actions"]:
        *way, last = _members(action["target"])
        parent: Any = changed
        for member in way:
            parent = parent.get(member, {}) if isinstance(parent, dict) else {}
        if not isinstance(parent, dict) or last not in parent:
            continue
        if action.get("remove"):
            del parent[last]
        else:
            parent[last] = _merged(parent[last], action["update"])
    return changed


def _members(target: str) -> Iterator[str]:
    """Raises `ValueError` for a path of another kind."""
    root, *members = target.split(".")
    if root != "$" or not members or any("[" in each or "*" in each for each in members):
        raise ValueError(f"A target such as $.components.schemas is needed, not {target}.")
    yield from members


def _merged(old: Any, new: Any) -> Any:
    """Objects are merged, arrays are joined, anything else is replaced (section 4.4.3)."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {
            key: _merged(old[key], value) if key in old else value for key, value in new.items()
        }
    if isinstance(old, list):
        return [*old, *(new if isinstance(new, list) else [new])]
    return new
