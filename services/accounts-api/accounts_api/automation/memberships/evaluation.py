"""Who is in: moves records in and out as rules and people say, and tells others."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.corrections import service as corrections
from accounts_api.automation.debounce import service as debounce
from accounts_api.automation.debounce.service import Publication
from accounts_api.automation.memberships import queries, verdicts
from accounts_api.automation.memberships.rules import Candidate, held_by
from accounts_api.automation.memberships.verdicts import Differing
from accounts_api.automation.segments.models import Segment
from accounts_api.automation.segments.service import segments_to_evaluate, set_faults
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import effective_rule
from accounts_api.records.schema import record_catalog
from shared.events.base import Cause
from shared.rules.interpreter.depends import Dependency, segment_dependency
from shared.rules.interpreter.evaluate import matches
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.nodes import AnyOf
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork, caused_by
from shared.usages import Usage

PAIRS: Final = 50_000
"""Verdicts worked out by one statement."""
IN_PYTHON_UP_TO = 8
"""Up to this many records are read and evaluated here."""


@dataclass(frozen=True, slots=True)
class Move:
    segment: Segment
    record_id: UUID
    entered: bool
    by: str
    trigger: Trigger
    member_id: UUID | None

    def as_row(self) -> dict[str, Any]:
        return {
            "segment_id": self.segment.id,
            "record_id": self.record_id,
            "id": self.member_id,
            "at": self.trigger.at,
            "by": self.by,
        }

    def as_publication(self) -> Publication:
        return Publication(
            self.segment.id,
            self.segment.title,
            self.segment.record_type,
            self.record_id,
            self.entered,
            self.trigger.at,
            self.by,
            self.entered and self.trigger.resumed,
        )


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make memberships and next changes of the affected records what they are at `context.now`.
    The caller holds the workspace's lock on evaluations.
    """
    found = await segments_to_evaluate(uow, affected)
    catalog = await record_catalog.rule_catalog(uow)
    moves: list[Move] = []
    for record_type in sorted({segment.record_type for segment in found}):
        of_type = [segment for segment in found if segment.record_type == record_type]
        triggers: dict[UUID, Trigger] = {}
        for segment in of_type:
            triggers |= affected.get(segment.id, {})
        rules = await _usable(uow, of_type, catalog)
        if rules:
            moves += await _moves(uow, rules, triggers, affected, context)
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
            await set_faults(uow, segment.id, faults)
            continue
        if segment.faults is not None:
            await set_faults(uow, segment.id, None)
    return rules


def _rule(segment: Segment, catalog: Catalog) -> Rule:
    if segment.archived_at is not None:
        return check(AnyOf(()), catalog, segment.record_type)
    return effective_rule(catalog, segment.record_type, to_json(segment.rule).decode())


async def _moves(
    uow: UnitOfWork,
    rules: Sequence[tuple[Segment, Rule]],
    triggers: Mapping[UUID, Trigger],
    affected: Affected,
    context: EvaluationContext,
) -> list[Move]:
    """What differs; stores the next changes on the way."""
    by_id = {segment.id: segment for segment, _ in rules}
    ids, size = list(triggers), max(1, PAIRS // len(rules))
    moves = []
    next_changes = []
    for start in range(0, len(ids), size):
        evaluated = _by_reading if len(ids) <= IN_PYTHON_UP_TO else _by_statement
        for row in await evaluated(uow, rules, ids[start : start + size], context):
            next_changes.append((row.segment_id, row.record_id, row.next_change_at))
            if row.wanted != (row.member_id is not None):
                segment = by_id[row.segment_id]
                own = affected.get(segment.id, {}).get(row.record_id)
                trigger = own or triggers[row.record_id]
                by = _by(segment, row)
                moves.append(Move(segment, row.record_id, row.wanted, by, trigger, row.member_id))
    await engine.set_next_changes(uow, next_changes)
    return moves


async def _by_statement(
    uow: UnitOfWork,
    rules: Sequence[tuple[Segment, Rule]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> Sequence[Differing]:
    """Many records: PostgreSQL evaluates them."""
    evaluated = [(segment.id, rule) for segment, rule in rules]
    return await verdicts.difference(uow, evaluated, ids, context)


async def _by_reading(
    uow: UnitOfWork,
    rules: Sequence[tuple[Segment, Rule]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> Sequence[Differing]:
    """Few records: they are read once and evaluated here, which spares PostgreSQL planning a
    statement with every rule in it. Both ways always agree.
    """
    found = await verdicts.seen_records(uow, [rule for _, rule in rules], ids, context)
    named = [segment.id for segment, _ in rules]
    kept = await verdicts.kept(uow, named, [row.id for row in found])
    differing = []
    for row in found:
        record_id, deleted, record = row.id, row.deleted, row.seen
        held = held_by(
            Candidate(
                segment.id,
                segment.group_key,
                segment.priority,
                matches(rule, record, context),
                kept[segment.id, record_id].included,
            )
            for segment, rule in (() if deleted else rules)
        )
        for segment, rule in rules:
            was = kept[segment.id, record_id]
            next_change_at = None if deleted else next_change(rule, record, context)
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
        await queries.leave(uow, leaving)
    if entering:
        await queries.enter(uow, entering)
    grouped: dict[tuple[Trigger, UUID], list[Move]] = defaultdict(list)
    for move in moves:
        grouped[move.trigger, move.segment.id].append(move)
    asked_for = await engine.depended_on(
        uow, {segment_dependency(str(segment_id)) for _, segment_id in grouped}
    )
    for (trigger, _), group in grouped.items():
        await _publish_moves(uow, trigger, group, asked_for)


async def _publish_moves(
    uow: UnitOfWork, trigger: Trigger, moves: Sequence[Move], asked_for: Collection[str]
) -> None:
    """Events whose cause goes back to the change, and word to rules that ask for this segment."""
    segment = moves[0].segment
    link = Cause(type="segment", id=str(segment.id), label=segment.title)
    chain = (*trigger.cause, link)
    published = [move.as_publication() for move in moves]
    await debounce.publish_moves(uow, segment.id, published, chain, segment.debounce)
    dependency = segment_dependency(str(segment.id))
    if dependency in asked_for:
        ids = [move.record_id for move in moves]
        async with caused_by(uow, chain):
            await engine.record_change(
                uow, segment.record_type, [dependency], ids, trigger.at, resumed=trigger.resumed
            )
            # As of the instants since, too, which the present of those rules leaves out.
            await corrections.follow(uow, segment.record_type, dependency, ids, trigger.at)


REASONS: Final = {
    "too_expensive": "Judging this rule takes too long on this workspace's data.",
    "failed": "This rule could not be evaluated; we have been told.",
}


async def quarantine(uow: UnitOfWork, segment_id: UUID, reason: str) -> None:
    """Members stand still. A backfill tries again once a day, and when asked."""
    faults = [{"code": reason, "message": REASONS[reason]}]
    await set_faults(uow, segment_id, faults)


async def usages(uow: UnitOfWork, ids: Sequence[UUID], _: Dependency) -> Sequence[Usage]:
    """The segments among rules that see something, as a refusal names them."""
    found = await segments_to_evaluate(uow, ids)
    named = sorted((s.title, s.id) for s in found if s.id in set(ids))
    return [Usage("segment", str(segment_id), title) for title, segment_id in named]
