"""Which watches a batch of changes concerns, and for which of their records.

A thousand new records that two hundred rules look at are one sort of change and one view of it,
and not two hundred thousand pairs: nothing here grows with records times watches.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

RESUMED: Final = "resumed"
"""Stands beside what changed when an account is ignored no longer; no rule looks for it."""

Sort = tuple[str, tuple[str, ...]]
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
    def sort(self) -> Sort:
        return self.record_type, tuple(sorted(self.what))


@dataclass(frozen=True, slots=True)
class Watcher:
    """A watch that sees something, and over which path from the records that it is about."""

    rule_id: UUID
    kind: str
    watched: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Changes of a sort, seen over a path from records of a type."""

    sort: Sort
    watched: str
    path: tuple[str, ...]


Views = frozenset[View]
Watchers = Mapping[tuple[str, str], Collection[Watcher]]
"""Who sees what, by record type and what changed."""
Starts = Mapping[tuple[str, tuple[str, ...]], Mapping[UUID, Collection[UUID]]]
"""By watched type and path, from which records the path leads to each that changed."""


def by_sort(changes: Iterable[Change]) -> dict[Sort, list[Change]]:
    found: dict[Sort, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.sort].append(change)
    return found


def by_views(sorts: Iterable[Sort], watchers: Watchers) -> dict[Views, list[Watcher]]:
    """The watches, together with those that see the same; one of each watch."""
    seen: dict[UUID, set[View]] = defaultdict(set)
    known: dict[UUID, Watcher] = {}
    for sort in sorts:
        record_type, what = sort
        for one in what:
            for watcher in watchers.get((record_type, one), ()):
                known[watcher.rule_id] = watcher
                seen[watcher.rule_id].add(View(sort, watcher.watched, watcher.path))
    found: dict[Views, list[Watcher]] = defaultdict(list)
    for rule_id, views in seen.items():
        found[frozenset(views)].append(known[rule_id])
    return found


def last_changes(
    views: Views, changes: Mapping[Sort, Sequence[Change]], starts: Starts
) -> dict[UUID, tuple[Change, bool]]:
    """For each watched record the last change of what is seen there, and whether any of them says
    that its account is ignored no longer.
    """
    found: dict[UUID, tuple[Change, bool]] = {}
    for view in views:
        leads = starts[view.watched, view.path]
        for change in changes[view.sort]:
            resumed = RESUMED in change.what
            for record_id in leads.get(change.record_id, ()):
                known, before = found.get(record_id, (change, False))
                last = max(known, change, key=lambda one: one.id)
                found[record_id] = (last, resumed or before)
    return found
