"""Which changes of the past a feature must follow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.rules.interpreter.depends import EXISTENCE, Dependency

CONTINUED: Final = "continued"
"""Stands beside what is another when what follows from it was derived until that instant."""


@dataclass(frozen=True, slots=True)
class PastChange:
    """Since an instant of the past, something about a record may be another than was thought."""

    id: int
    record_type: str
    record_id: UUID
    what: Sequence[str]
    since: datetime
    cause: Any


@dataclass(frozen=True, slots=True)
class Readers:
    """What reads the past: records of a type, by rules of now and of then."""

    record_type: str
    dependencies: frozenset[Dependency]


Earliest = Mapping[UUID, datetime]
"""Since when the past of each of these records may be another."""


def earliest_by_thing(changes: Iterable[PastChange]) -> dict[tuple[str, str], dict[UUID, datetime]]:
    """By record type and what is another: the records, each since the earliest of its instants."""
    found: dict[tuple[str, str], dict[UUID, datetime]] = {}
    for change in changes:
        for what in change.what:
            known = found.setdefault((change.record_type, what), {})
            known[change.record_id] = min(change.since, known.get(change.record_id, change.since))
    return found


def read_of(
    dependency: Dependency, changed: Mapping[tuple[str, str], Earliest]
) -> dict[UUID, datetime]:
    """The changed records of which a dependency reads what is another; of a record that came or
    went, whatever is read.
    """
    found: dict[UUID, datetime] = {}
    for what in {dependency.what, EXISTENCE}:
        merge(found, changed.get((dependency.record_type, what), {}))
    return found


def merge(into: dict[UUID, datetime], more: Earliest) -> None:
    for record_id, since in more.items():
        into[record_id] = min(since, into.get(record_id, since))


def history_fields(dependencies: Collection[Dependency]) -> list[str]:
    """The fields of histories that these look at, on whichever record; and what records are made
    and linked by.
    """
    whats = {dependency.what for dependency in dependencies}
    fields = {
        f"key_roles.{what.removeprefix('role:')}" if what.startswith("role:") else what
        for what in whats
    }
    return sorted({*fields, "created", "deleted", "accounts"})
