"""Who was in which segment, derived anew."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from accounts_api.automation.corrections import service as corrections
from accounts_api.automation.corrections.rules import Earliest, PastChange, Readers, merge
from accounts_api.automation.corrections.service import Look, Past, affected, walk
from accounts_api.automation.membership_corrections import queries
from accounts_api.automation.membership_corrections.queries import (
    SegmentVersion,
    StoredPastMembership,
)
from accounts_api.automation.membership_corrections.rules import (
    PastMembership,
    Turn,
    first_difference,
    held,
    rewritten,
)
from accounts_api.automation.memberships.rules import Candidate, held_by
from accounts_api.evaluation.rule_sets.rules import effective_rule
from accounts_api.language.rules.reads import reads_results
from accounts_api.records.schema import record_catalog
from shared.rules.interpreter.depends import Dependency, dependencies, segment_dependency
from shared.rules.interpreter.evaluate import matches
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

Pair = tuple[UUID, UUID]
"""A segment and a record."""
_NONE: Final[Sequence[StoredPastMembership]] = ()


@dataclass(frozen=True)
class Defined:
    """What a segment was from an instant on. It stands still while its rule can be used no more, or
    reads results.
    """

    version: SegmentVersion
    rule: Rule | None


@dataclass(frozen=True)
class History:
    """All that a segment was, in its order."""

    segment_id: UUID
    record_type: str
    definitions: Sequence[Defined]

    @cached_property
    def instants(self) -> list[datetime]:
        return [one.version.effective_at for one in self.definitions]

    def at(self, instant: datetime) -> Defined | None:
        """None before it was made."""
        place = bisect_right(self.instants, instant)
        return self.definitions[place - 1] if place else None

    @cached_property
    def dependencies(self) -> frozenset[Dependency]:
        return frozenset[Dependency]().union(
            *(dependencies(one.rule) for one in self.definitions if one.rule is not None)
        )

    @cached_property
    def groups(self) -> frozenset[str]:
        return frozenset(v.group_key for v in (d.version for d in self.definitions) if v.group_key)


async def correct(
    uow: UnitOfWork, changes: Sequence[PastChange], context: EvaluationContext
) -> datetime | None:
    """Makes the memberships of the past what segments, as they were then, say of records as they
    are known to have been. Until when, if it did not get to the end.
    """
    types = await queries.record_types(uow)
    if not types:
        return None
    catalog = await record_catalog.rule_catalog(uow)
    histories = _histories(catalog, await queries.versions(uow, types))
    readers = {id_: Readers(one.record_type, one.dependencies) for id_, one in histories.items()}
    found = await affected(uow, catalog, changes, readers)
    reached = None
    for ids, records in _together(histories, found):
        some = [histories[id_] for id_ in ids]
        until = await _correct(uow, catalog, some, records, context)
        reached = min((at for at in (reached, until) if at is not None), default=None)
    return reached


def _histories(catalog: Catalog, versions: Iterable[SegmentVersion]) -> dict[UUID, History]:
    of_segment: dict[UUID, list[Defined]] = defaultdict(list)
    for version in versions:
        rule = None
        if not version.archived:
            try:
                rule = effective_rule(catalog, version.record_type, version.rule)
            except RuleFaulty:
                rule = None
            if rule is not None and reads_results(rule):
                rule = None
        of_segment[version.segment_id].append(Defined(version, rule))
    return {
        id_: History(id_, defined[0].version.record_type, defined)
        for id_, defined in of_segment.items()
    }


def _together(
    histories: Mapping[UUID, History], found: Mapping[UUID, Earliest]
) -> list[tuple[tuple[UUID, ...], Earliest]]:
    """Records with the segments that are decided for them: together with a segment all that were
    ever of a group with it.
    """
    mates = {id_: _mates(histories, id_) for id_ in found}
    wanted: dict[UUID, set[UUID]] = defaultdict(set)
    since: dict[UUID, datetime] = {}
    for id_, records in found.items():
        merge(since, records)
        for record_id in records:
            wanted[record_id] |= mates[id_]
    by_segments: dict[tuple[UUID, ...], dict[UUID, datetime]] = defaultdict(dict)
    for record_id, ids in wanted.items():
        by_segments[tuple(sorted(ids))][record_id] = since[record_id]
    return sorted(by_segments.items())


def _mates(histories: Mapping[UUID, History], id_: UUID) -> set[UUID]:
    found, waiting = {id_}, [id_]
    while waiting:
        one = histories[waiting.pop()]
        for other in histories.values() if one.groups else ():
            same = other.record_type == one.record_type and other.groups & one.groups
            if same and other.segment_id not in found:
                found.add(other.segment_id)
                waiting.append(other.segment_id)
    return found


async def _correct(
    uow: UnitOfWork,
    catalog: Catalog,
    histories: Sequence[History],
    records: Earliest,
    context: EvaluationContext,
) -> datetime | None:
    rules = [one.rule for each in histories for one in each.definitions if one.rule is not None]
    if not rules:
        return None
    ids = [one.segment_id for one in histories]
    stored: dict[Pair, list[StoredPastMembership]] = defaultdict(list)
    for membership in await queries.memberships(uow, ids, records):
        stored[membership.segment_id, membership.record_id].append(membership)
    said = _Said(await queries.override_changes(uow, ids, records))
    turns: dict[Pair, list[Turn]] = defaultdict(list)

    def decide(look: Look) -> list[datetime | None]:
        defined = {one.segment_id: one.at(look.context.now) for one in histories}
        inside = _inside(look, defined, said, stored)
        for segment_id, one in defined.items():
            pair = segment_id, look.record_id
            by = _by(look, one, said, pair)
            turns[pair].append(Turn(look.context.now, segment_id in inside, by))
        return [
            next_change(one.rule, look.record, look.context)
            for one in defined.values()
            if one is not None and one.rule is not None and look.record is not None
        ]

    past = Past(
        rules,
        frozenset[Dependency]().union(*(one.dependencies for one in histories)),
        sorted({at for one in histories for at in one.instants}),
    )
    reached = await walk(uow, catalog, past, records, said.instants, context, decide)
    await _store(uow, histories[0].record_type, stored, turns, reached or context.now)
    return reached


class _Said:
    """What people said of records in segments, and until when."""

    def __init__(self, changes: Iterable[queries.OverrideChange]) -> None:
        self.changes: dict[Pair, list[tuple[datetime, bool | None]]] = defaultdict(list)
        self.instants: dict[UUID, list[datetime]] = defaultdict(list)
        for one in changes:
            pair = one.segment_id, one.record_id
            self.changes[pair].append((one.effective_at, one.included))
            self.instants[one.record_id].append(one.effective_at)

    def at(self, pair: Pair, instant: datetime) -> bool | None:
        said = [included for at, included in self.changes.get(pair, ()) if at <= instant]
        return said[-1] if said else None


def _inside(
    look: Look,
    defined: Mapping[UUID, Defined | None],
    said: _Said,
    stored: Mapping[Pair, Sequence[StoredPastMembership]],
) -> set[UUID]:
    """The segments that held the record."""
    if look.record is None:
        return set()
    at, candidates = look.context.now, []
    for segment_id, one in defined.items():
        pair = segment_id, look.record_id
        if one is None or one.version.archived:
            continue
        matched = (
            held(_memberships(stored.get(pair, _NONE)), at)
            if one.rule is None
            else matches(one.rule, look.record, look.context)
        )
        version = one.version
        candidates.append(
            Candidate(segment_id, version.group_key, version.priority, matched, said.at(pair, at))
        )
    return held_by(candidates)


def _by(look: Look, defined: Defined | None, said: _Said, pair: Pair) -> str:
    if look.record is None:
        return "deleted"
    if defined is not None and defined.version.archived:
        return "archived"
    return "rule" if said.at(pair, look.context.now) is None else "person"


def _memberships(stored: Iterable[StoredPastMembership]) -> list[PastMembership]:
    return [
        PastMembership(one.entered_at, one.entered_by, one.left_at, one.left_by) for one in stored
    ]


async def _store(
    uow: UnitOfWork,
    record_type: str,
    stored: Mapping[Pair, Sequence[StoredPastMembership]],
    turns: Mapping[Pair, Sequence[Turn]],
    until: datetime,
) -> None:
    """What differs, and word to what asks for these segments."""
    gone: list[StoredPastMembership] = []
    new = []
    moved: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for pair, of_pair in sorted(turns.items()):
        segment_id, record_id = pair
        known = stored.get(pair, _NONE)
        before = _memberships(known)
        after = rewritten(before, of_pair, until)
        at = first_difference(before, after)
        if at is None:
            continue
        moved[segment_id][record_id] = at
        spans, kept = {one.span for one in after}, {one.span for one in before}
        gone += [one for one in known if (one.entered_at, one.left_at) not in spans]
        new += [
            {
                "segment_id": segment_id,
                "record_id": record_id,
                "entered_at": one.entered_at,
                "entered_by": one.entered_by,
                "left_at": one.left_at,
                "left_by": one.left_by,
            }
            for one in after
            if one.span not in kept
        ]
    await queries.replace_memberships(uow, gone, new)
    for segment_id, records in sorted(moved.items()):
        await corrections.queue(uow, record_type, segment_dependency(str(segment_id)), records)
