"""Who is in: moves records in and out as rules and people say, and tells others."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.segments import debounce, memberships, queries, verdicts
from accounts_api.automation.segments.debounce import Told
from accounts_api.automation.segments.queries import Segment
from accounts_api.automation.segments.rules import Candidate, effective_rule, held_by
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.engine.evaluators import Affected, Origin
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.depends import Sight, segment_sight
from accounts_api.language.rules.evaluate import matches
from accounts_api.language.rules.needs import needs
from accounts_api.language.rules.next_change import horizon
from accounts_api.language.rules.sql.snapshot import read_snapshot
from accounts_api.language.rules.syntax.faults import RuleFaulty
from accounts_api.language.rules.syntax.nodes import AnyOf
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from accounts_api.records.schema import record_catalog
from shared.events.base import Cause
from shared.uow import UnitOfWork
from shared.usages import Usage

PAIRS: Final = 50_000
"""Verdicts worked out by one statement."""
FEW = 8
"""Up to this many records are read and judged here."""


@dataclass(frozen=True, slots=True)
class Move:
    segment: Segment
    record_id: UUID
    entered: bool
    by: str
    origin: Origin
    member_id: UUID | None

    def as_row(self) -> dict[str, Any]:
        return {
            "segment_id": self.segment.id,
            "record_id": self.record_id,
            "id": self.member_id,
            "at": self.origin.at,
            "by": self.by,
        }

    def as_told(self) -> Told:
        return Told(
            self.segment.id,
            self.segment.title,
            self.segment.record_type,
            self.record_id,
            self.entered,
            self.origin.at,
            self.by,
            self.entered and self.origin.resumed,
        )


async def judge(uow: UnitOfWork, affected: Affected, moment: Moment) -> int:
    """Make memberships and horizons of the affected records what they are at `moment`. The caller
    holds the workspace's lock on judgements.
    """
    found = await queries.segments_to_judge(uow.session, uow.workspace_id, affected)
    catalog = await record_catalog.rule_catalog(uow)
    moves: list[Move] = []
    for record_type in sorted({segment.record_type for segment in found}):
        of_type = [segment for segment in found if segment.record_type == record_type]
        origins: dict[UUID, Origin] = {}
        for segment in of_type:
            origins |= affected.get(segment.id, {})
        rules = await _usable(uow, of_type, catalog)
        if rules:
            moves += await _moves(uow, rules, origins, affected, moment)
    await _store(uow, moves)
    return len(moves)


async def _usable(
    uow: UnitOfWork, found: Iterable[Segment], catalog: Catalog
) -> list[tuple[Segment, Rule]]:
    """Segments with their rules. One that says something which is gone stands still, marked."""
    rules = []
    for segment in found:
        try:
            rules.append((segment, _rule(segment, catalog)))
        except RuleFaulty as faulty:
            faults = faulty.as_errors()
            await queries.set_faults(uow.session, uow.workspace_id, segment.id, faults)
            continue
        if segment.faults is not None:
            await queries.set_faults(uow.session, uow.workspace_id, segment.id, None)
    return rules


def _rule(segment: Segment, catalog: Catalog) -> Rule:
    if segment.archived_at is not None:
        return check(AnyOf(()), catalog, segment.record_type)
    return effective_rule(catalog, segment.record_type, to_json(segment.rule).decode())


async def _moves(
    uow: UnitOfWork,
    rules: Sequence[tuple[Segment, Rule]],
    origins: Mapping[UUID, Origin],
    affected: Affected,
    moment: Moment,
) -> list[Move]:
    """What differs; stores the horizons on the way."""
    by_id = {segment.id: segment for segment, _ in rules}
    ids, size = list(origins), max(1, PAIRS // len(rules))
    moves = []
    horizons = []
    for start in range(0, len(ids), size):
        judged = _by_reading if len(ids) <= FEW else _by_statement
        for row in await judged(uow, rules, ids[start : start + size], moment):
            horizons.append((row.segment_id, row.record_id, row.next_change_at))
            if row.wanted != (row.member_id is not None):
                segment = by_id[row.segment_id]
                own = affected.get(segment.id, {}).get(row.record_id)
                origin = own or origins[row.record_id]
                by = _by(segment, row)
                moves.append(Move(segment, row.record_id, row.wanted, by, origin, row.member_id))
    await watching.set_horizons(uow, horizons)
    return moves


@dataclass(frozen=True, slots=True)
class Differing:
    """A record whose membership or horizon is not what the rule says."""

    record_id: UUID
    segment_id: UUID
    deleted: bool
    wanted: bool
    included: bool | None
    member_id: UUID | None
    next_change_at: datetime | None


async def _by_statement(
    uow: UnitOfWork, rules: Sequence[tuple[Segment, Rule]], ids: Sequence[UUID], moment: Moment
) -> Sequence[Differing]:
    """Many records: PostgreSQL judges them."""
    judged = [(segment.id, rule) for segment, rule in rules]
    return await verdicts.difference(uow.session, uow.workspace_id, judged, ids, moment)


async def _by_reading(
    uow: UnitOfWork, rules: Sequence[tuple[Segment, Rule]], ids: Sequence[UUID], moment: Moment
) -> Sequence[Differing]:
    """Few records: they are read once and judged here, which spares PostgreSQL planning a
    statement with every rule in it. Both ways always agree.
    """
    needed = needs(*(rule for _, rule in rules))
    found = await verdicts.snapshots(uow.session, uow.workspace_id, needed, ids, moment)
    named = [segment.id for segment, _ in rules]
    kept = await verdicts.kept(uow.session, uow.workspace_id, named, list(found))
    differing = []
    for record_id, (deleted, seen) in found.items():
        record = read_snapshot(needed, seen)
        held = held_by(
            Candidate(
                segment.id,
                segment.group_key,
                segment.priority,
                matches(rule, record, moment),
                kept[segment.id, record_id].included,
            )
            for segment, rule in (() if deleted else rules)
        )
        for segment, rule in rules:
            was = kept[segment.id, record_id]
            next_change_at = None if deleted else horizon(rule, record, moment)
            wanted = segment.id in held
            if wanted != (was.member_id is not None) or next_change_at != was.next_change_at:
                differing.append(
                    Differing(
                        record_id,
                        segment.id,
                        deleted,
                        wanted,
                        was.included,
                        was.member_id,
                        next_change_at,
                    )
                )
    return differing


def _by(segment: Segment, row: Differing) -> str:
    if not row.wanted:
        if row.deleted:
            return "deleted"
        if segment.archived_at is not None:
            return "archived"
    return "person" if row.included is not None and row.included == row.wanted else "rule"


async def _store(uow: UnitOfWork, moves: Sequence[Move]) -> None:
    entering = [move.as_row() for move in moves if move.entered]
    leaving = [move.as_row() for move in moves if not move.entered]
    if leaving:
        await memberships.leave(uow.session, uow.workspace_id, leaving)
    if entering:
        await memberships.enter(uow.session, uow.workspace_id, entering)
    grouped: dict[tuple[Origin, UUID], list[Move]] = defaultdict(list)
    for move in moves:
        grouped[move.origin, move.segment.id].append(move)
    asked_for = await watching.seen(
        uow, {segment_sight(str(segment_id)) for _, segment_id in grouped}
    )
    for (origin, _), group in grouped.items():
        await _tell(uow, origin, group, asked_for)


async def _tell(
    uow: UnitOfWork, origin: Origin, moves: Sequence[Move], asked_for: Collection[str]
) -> None:
    """Events whose cause goes back to the change, and word to rules that ask for this segment."""
    segment, before = moves[0].segment, uow.cause
    link = Cause(type="segment", id=str(segment.id), label=segment.title)
    chain = (*origin.cause, link)
    told = [move.as_told() for move in moves]
    await debounce.tell(uow, segment.id, told, chain, segment.debounce)
    sight = segment_sight(str(segment.id))
    if sight in asked_for:
        uow.cause = chain
        records = [move.record_id for move in moves]
        await watching.note(
            uow, segment.record_type, [sight], records, origin.at, resumed=origin.resumed
        )
    uow.cause = before


REASONS: Final = {
    "too_expensive": "Judging this rule takes too long on this workspace's data.",
    "failed": "This rule could not be judged; we have been told.",
}


async def set_aside(uow: UnitOfWork, segment_id: UUID, reason: str) -> None:
    """Members stand still. A look at every record tries again once a day, and when asked."""
    faults = [{"code": reason, "message": REASONS[reason]}]
    await queries.set_faults(uow.session, uow.workspace_id, segment_id, faults)


async def users(uow: UnitOfWork, ids: Sequence[UUID], _: Sight) -> Sequence[Usage]:
    """The segments among watches that see something, as a refusal names them."""
    found = await queries.segments_to_judge(uow.session, uow.workspace_id, ids)
    named = sorted((s.title, s.id) for s in found if s.id in set(ids))
    return [Usage("segment", str(segment_id), title) for title, segment_id in named]


async def gives(uow: UnitOfWork) -> dict[UUID, watching.Given]:
    """Other rules may ask who is in a segment."""
    return {
        one.id: watching.Given(
            f"segment {one.title}",
            frozenset({Sight(one.record_type, segment_sight(str(one.id)))}),
        )
        for one in await queries.live_segments(uow.session, uow.workspace_id)
    }
