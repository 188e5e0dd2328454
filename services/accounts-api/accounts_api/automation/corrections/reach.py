"""Which records a change of the past reaches, over relations as they ever were."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from accounts_api.automation.corrections import queries
from accounts_api.automation.corrections.rules import (
    Earliest,
    PastChange,
    Readers,
    earliest_by_thing,
    merge,
    read_of,
)
from shared.rules.interpreter.depends import Dependency
from shared.rules.types.catalog import Catalog, RecordType, Relation
from shared.uow import UnitOfWork

K = TypeVar("K", bound=Hashable)
Hop = tuple[Relation, tuple[RecordType, RecordType]]
Linked = Mapping[UUID, Collection[UUID]]


async def affected(
    uow: UnitOfWork, catalog: Catalog, changes: Sequence[PastChange], readers: Mapping[K, Readers]
) -> dict[K, dict[UUID, datetime]]:
    """Of each reader the records whose past may be another, and since when."""
    changed = earliest_by_thing(changes)
    await _add_accounts_of_contacts(uow, catalog, changed)
    wanted: dict[tuple[str, tuple[str, ...]], dict[UUID, datetime]] = {}
    reads: dict[K, list[tuple[Dependency, dict[UUID, datetime]]]] = {}
    for key, reader in readers.items():
        reads[key] = [
            (dependency, ends)
            for dependency in reader.dependencies
            if (ends := read_of(dependency, changed))
        ]
        for dependency, ends in reads[key]:
            merge(wanted.setdefault((reader.record_type, dependency.path), {}), ends)
    starts = {
        (record_type, path): await _starts(uow, catalog, record_type, path, ends)
        for (record_type, path), ends in wanted.items()
    }
    found: dict[K, dict[UUID, datetime]] = {}
    for key, reader in readers.items():
        mine: dict[UUID, datetime] = {}
        for dependency, ends in reads[key]:
            leads = starts[reader.record_type, dependency.path]
            for end, since in ends.items():
                merge(mine, dict.fromkeys(leads.get(end, ()), since))
        if mine:
            found[key] = mine
    return found


async def _add_accounts_of_contacts(
    uow: UnitOfWork, catalog: Catalog, changed: dict[tuple[str, str], dict[UUID, datetime]]
) -> None:
    """The links of a contact are those of its accounts."""
    contacts = changed.get(("contact", "accounts"), {})
    if contacts:
        accounts = changed.setdefault(("account", "contacts"), {})
        linked = await _across(uow, _hops(catalog, "account", ("contacts",)), contacts, back=True)
        for contact_id, since in contacts.items():
            merge(accounts, dict.fromkeys(linked.get(contact_id, ()), since))


async def _starts(
    uow: UnitOfWork, catalog: Catalog, record_type: str, path: tuple[str, ...], ends: Earliest
) -> Linked:
    """The records of a type from which `path` leads, or led, to each of `ends`."""
    if path and not catalog.leads(record_type, path):
        return {}  # an object type on it is gone by now
    return await _across(uow, _hops(catalog, record_type, path), ends, back=True)


def _hops(catalog: Catalog, record_type: str, path: Iterable[str]) -> list[Hop]:
    hops: list[Hop] = []
    here = catalog.types[record_type]
    for name in path:
        relation = catalog.scope(here.name).relations[name]
        there = catalog.types[relation.target]
        hops.append((relation, (here, there)))
        here = there
    return hops


async def _across(
    uow: UnitOfWork, hops: Sequence[Hop], ids: Iterable[UUID], *, back: bool
) -> dict[UUID, set[UUID]]:
    """From each of the ids over all hops, to their end or `back` to their start."""
    reached: dict[UUID, set[UUID]] = {id_: {id_} for id_ in ids}
    for relation, ends in reversed(hops) if back else hops:
        known = frozenset[UUID]().union(*reached.values())
        if not known:
            break
        onward: dict[UUID, set[UUID]] = defaultdict(set)
        for pair in await queries.ever_linked(uow, relation, ends, known, backward=back):
            near, far = (pair.there, pair.here) if back else (pair.here, pair.there)
            onward[near].add(far)
        reached = {
            id_: set[UUID]().union(*(onward[place] for place in places if place in onward))
            for id_, places in reached.items()
        }
    return reached


@dataclass
class Surroundings:
    """Records with all that rules read of them, or read at some time."""

    by_type: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    seen_from: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """By id of what is read, the records that read it."""

    @property
    def ids(self) -> list[UUID]:
        return sorted(self.seen_from)


async def surroundings(
    uow: UnitOfWork,
    catalog: Catalog,
    record_type: str,
    dependencies: Collection[Dependency],
    ids: Collection[UUID],
) -> Surroundings:
    found = Surroundings()
    for path in sorted({dependency.path for dependency in dependencies} | {()}):
        if path and not catalog.leads(record_type, path):
            continue
        hops = _hops(catalog, record_type, path)
        target = hops[-1][1][1].name if hops else record_type
        for start, ends in (await _across(uow, hops, ids, back=False)).items():
            found.by_type[target] |= ends
            for end in ends:
                found.seen_from[end].add(start)
    return found
