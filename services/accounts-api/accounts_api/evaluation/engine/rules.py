"""Which rules a batch of changes concerns, and for which of their records.

A thousand new records that two hundred rules read are one shape of change and one path to it,
and not two hundred thousand pairs: nothing here grows with records times rules.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.quiet import quiet_batch_of

RESUMED: Final = "resumed"
"""Stands beside what changed when an account is ignored no longer; no rule looks for it."""

TIMED: Final = "timed"
"""Stands beside what changed when it did so because time has come, and for no other reason."""

ChangeShape = tuple[str, tuple[str, ...]]
"""A record type and what changed of a record: who sees one change of a sort sees all of them."""


@dataclass(frozen=True, slots=True)
class Change:
    id: int
    record_type: str
    record_id: UUID
    what: Sequence[str]
    at: datetime
    cause: Any

    @property
    def rank(self) -> tuple[bool, int]:
        """A quiet change stands before a later one: what an import has brought is not published
        as if a person had just made it so.
        """
        return quiet_batch_of(self.cause) is not None, self.id

    @property
    def shape(self) -> ChangeShape:
        return self.record_type, tuple(sorted(self.what))


@dataclass(frozen=True, slots=True)
class DependentRule:
    """A rule that sees something, and over which path from the records that it is about."""

    rule_id: UUID
    kind: str
    evaluated_type: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangePath:
    """Changes of a sort, seen over a path from records of a type."""

    shape: ChangeShape
    evaluated_type: str
    path: tuple[str, ...]


ChangePaths = frozenset[ChangePath]
DependentRules = Mapping[tuple[str, str], Collection[DependentRule]]
"""Who sees what, by record type and what changed."""
Starts = Mapping[tuple[str, tuple[str, ...]], Mapping[UUID, Collection[UUID]]]
"""By evaluated type and path, from which records the path leads to each that changed."""


def by_shape(changes: Iterable[Change]) -> dict[ChangeShape, list[Change]]:
    found: dict[ChangeShape, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.shape].append(change)
    return found


def by_paths(
    shapes: Iterable[ChangeShape], dependent_rules: DependentRules
) -> dict[ChangePaths, list[DependentRule]]:
    """The rules, together with those that read the same; each once."""
    seen: dict[UUID, set[ChangePath]] = defaultdict(set)
    known: dict[UUID, DependentRule] = {}
    for shape in shapes:
        record_type, what = shape
        for one in what:
            for dependent in dependent_rules.get((record_type, one), ()):
                known[dependent.rule_id] = dependent
                seen[dependent.rule_id].add(
                    ChangePath(shape, dependent.evaluated_type, dependent.path)
                )
    found: dict[ChangePaths, list[DependentRule]] = defaultdict(list)
    for rule_id, change_paths in seen.items():
        found[frozenset(change_paths)].append(known[rule_id])
    return found


@dataclass(frozen=True, slots=True)
class LastChange:
    change: Change
    resumed: bool
    """Any of the changes says that its account is ignored no longer."""
    timed: bool
    """All of them came about by time alone."""


def last_changes(
    change_paths: ChangePaths, changes: Mapping[ChangeShape, Sequence[Change]], starts: Starts
) -> dict[UUID, LastChange]:
    """For each evaluated record the last change of what the rule reads there, the last quiet one if
    there is one.
    """
    found: dict[UUID, LastChange] = {}
    for change_path in change_paths:
        leads = starts[change_path.evaluated_type, change_path.path]
        for change in changes[change_path.shape]:
            resumed, timed = RESUMED in change.what, TIMED in change.what
            for record_id in leads.get(change.record_id, ()):
                known = found.get(record_id, LastChange(change, resumed, timed))
                last = max(known.change, change, key=lambda one: one.rank)
                found[record_id] = LastChange(last, resumed or known.resumed, timed and known.timed)
    return found
