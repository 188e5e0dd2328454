"""What an indicator's rule may read, and what else makes it be evaluated again."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from accounts_api.language.rules.standard import STANDARD
from shared.errors import Fault
from shared.rules.interpreter.depends import (
    EXISTENCE,
    Dependency,
    dependencies,
    relation_dependencies,
    role_dependency,
)
from shared.rules.types.typed import Rule
from shared.spelling import nearest

_TO_ACCOUNT: Final = {"account": (), "opportunity": ("account",), "contact": ("accounts",)}
"""The relations from a record to the account that an indicator of it is counted for."""


def own_dependency(definition_id: UUID) -> str:
    """What changes when a person acts on an indicator of the definition."""
    return f"indicator:{definition_id}"


def count_field(kind: str) -> str:
    """Which counts the open indicators of a kind of a record."""
    return {"risk": "indicators.open_risks", "opportunity": "indicators.open_opportunities"}[kind]


def read_by(
    definition_id: UUID, record_type: str, rule: Rule | None, owner_key_role: str | None
) -> set[Dependency]:
    """What the indicators of a definition depend on: its rule, whose they are, what people do."""
    found = {
        Dependency(record_type, EXISTENCE),
        Dependency(record_type, own_dependency(definition_id)),
    }
    if rule is not None:
        found |= dependencies(rule)
    path = _TO_ACCOUNT[record_type]
    for name in path:
        relation = STANDARD.scope(record_type).relations[name]
        found |= set(relation_dependencies(relation, record_type, ()))
    if owner_key_role is not None:
        found.add(Dependency("account", role_dependency(owner_key_role), path))
    return found


def key_role_faults(named: Iterable[tuple[str, str | None]], known: frozenset[str]) -> list[Fault]:
    """Of key roles by their pointers, those that there are not."""
    faults = []
    for pointer, key in named:
        if key is not None and key not in known:
            guess = nearest(key, known)
            near = None if guess is None else {"suggestion": guess}
            message = "There is no key role with this key."
            faults.append(Fault(pointer, "unknown_key_role", message, near))
    return faults
