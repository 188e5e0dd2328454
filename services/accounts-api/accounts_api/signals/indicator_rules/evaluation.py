"""Opens and clears indicators as rules say, wakes those that were silenced, and lets owners follow
their key role.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import effective_rule, rule_of
from accounts_api.evaluation.rule_sets.segment_keys import keys_of
from accounts_api.records.schema import record_catalog
from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from accounts_api.signals.indicator_definitions.service import definitions_by_id, set_faults
from accounts_api.signals.indicator_rules import queries
from accounts_api.signals.indicator_rules.queries import EvaluatedRecord, Hold
from accounts_api.signals.indicator_rules.rules import Decision, Seen, comes_back, decide
from accounts_api.signals.indicators import service as indicators
from accounts_api.signals.indicators.rows import Indicator
from accounts_api.signals.indicators.service import Facts, Move, changed, opened
from shared.events.base import Cause
from shared.quiet import quiet_batch_of
from shared.rules.interpreter.explain import explain
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.nodes import AnyOf
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork, caused_by


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make the indicators of the affected records what the rules say at `context.now`. The caller
    holds the workspace's lock on evaluations.
    """
    await queries.lock_definitions(uow, affected)
    catalog = await record_catalog.rule_catalog(uow)
    found = await definitions_by_id(uow, affected)
    found = await _loud(uow, found)
    differing = 0
    for definition in found:
        rule = await _usable(uow, definition, catalog)
        if rule is not None:
            differing += await _evaluate(uow, definition, rule, affected[definition.id], context)
    return differing


async def _loud(uow: UnitOfWork, found: Sequence[IndicatorDefinition]) -> list[IndicatorDefinition]:
    """A definition is quiet until every record has been evaluated by its new rule."""
    quiet = [each.id for each in found if each.quiet]
    backfills = await engine.backfills_of(uow, quiet) if quiet else {}
    new = {
        rule_id
        for rule_id, backfill in backfills.items()
        if backfill.finished_at is None and not backfill.repeated
    }
    return [replace(each, quiet=each.id in new) for each in found]


async def _usable(
    uow: UnitOfWork, definition: IndicatorDefinition, catalog: Catalog
) -> Rule | None:
    """One that says something which is gone stands still, marked."""
    if definition.rule is None or definition.archived_at is not None:
        return check(AnyOf(()), catalog, definition.record_type)
    try:
        document = to_json(definition.rule).decode()
        rule = effective_rule(catalog, definition.record_type, document)
    except RuleFaulty as faulty:
        await set_faults(uow, definition.id, faulty.as_errors())
        return None
    if definition.faults is not None:
        await set_faults(uow, definition.id, None)
    return rule


@dataclass(frozen=True, slots=True)
class _Decided:
    record: EvaluatedRecord
    live: Sequence[Indicator]
    hold: Hold | None
    decision: Decision


async def _evaluate(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    rule: Rule,
    triggers: Mapping[UUID, Trigger],
    context: EvaluationContext,
) -> int:
    decided = await _decided(uow, definition, rule, list(triggers), context)
    await _store_holds(uow, definition, decided, triggers)
    concerned = [each for each in decided if each.live or each.decision.opens]
    ids = [each.record.record_id for each in concerned]
    opening = [each.record.record_id for each in concerned if each.decision.opens]
    facts = await indicators.facts_of(uow, definition.record_type, ids, definition.owner_key_role)
    past = await indicators.last_cleared(uow, definition.id, opening, definition.key)
    reasons = await _reasons(uow, definition, opening, context)
    by_cause: dict[tuple[Cause, ...], list[Move]] = defaultdict(list)
    for each in concerned:
        record_id = each.record.record_id
        trigger = triggers[record_id]
        moves = _moves(definition, each, facts[record_id], trigger, context)
        if each.decision.opens:
            quiet = each.hold.quiet if each.hold else _is_quiet(definition, trigger)
            back = comes_back(definition, past.get(record_id), context.now)
            given = {"reason": reasons.get(record_id), "quiet": quiet}
            if back is None:
                one = opened(definition, facts[record_id], context.now, "rule", **given)
                moves.append(one)
            else:
                moves.append(_back(definition, back, facts[record_id], given))
        by_cause[trigger.cause] += moves
    await _apply(uow, definition, by_cause, context)
    return len(opening) + sum(len(each.decision.cleared) for each in concerned)


async def _decided(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    rule: Rule,
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[_Decided]:
    """Stores the next changes on the way."""
    live: dict[UUID, list[Indicator]] = defaultdict(list)
    for one in await indicators.live_indicators(uow, definition.id, ids):
        live[one.record_id].append(one)
    holds = await queries.holds_of(uow, definition.id, ids)
    rows = await queries.evaluated(uow, definition.id, rule, ids, context)
    decided = []
    for row in rows:
        of_record, hold = live.get(row.record_id, []), holds.get(row.record_id)
        since = None if hold is None else hold.since
        seen = Seen(row.matched[0], row.deleted, of_record, since, row.next_changes[0])
        decided.append(_Decided(row, of_record, hold, decide(definition, seen, context.now)))
    await engine.set_next_changes(
        uow,
        [
            (definition.id, each.record.record_id, each.decision.next_change_at)
            for each in decided
            if each.decision.next_change_at != each.record.next_change_at
        ],
    )
    return decided


async def _store_holds(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    decided: Iterable[_Decided],
    triggers: Mapping[UUID, Trigger],
) -> None:
    begun: list[dict[str, Any]] = []
    ended: list[UUID] = []
    for each in decided:
        record_id, since = each.record.record_id, each.decision.held_since
        if each.hold is None and since is not None:
            quiet = _is_quiet(definition, triggers[record_id])
            begun.append({"record_id": record_id, "since": since, "quiet": quiet})
        elif each.hold is not None and since is None:
            ended.append(record_id)
    if begun:
        await queries.begin_holds(uow, definition.id, begun)
    if ended:
        await queries.end_holds(uow, definition.id, ended)


async def _reasons(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    ids: Collection[UUID],
    context: EvaluationContext,
) -> dict[UUID, dict[str, Any]]:
    """By record, the explanation of the rule as it is written."""
    if not ids or definition.rule is None:
        return {}
    catalog = await record_catalog.rule_catalog(uow)
    rule = rule_of(catalog, definition.record_type, to_json(definition.rule).decode())
    keys = await keys_of(uow, [rule])
    seen = await queries.seen_by(uow, rule, ids, context)
    return {id_: explain(rule, record, context, keys).as_json() for id_, record in seen.items()}


def _moves(
    definition: IndicatorDefinition,
    each: _Decided,
    facts: Facts,
    trigger: Trigger,
    context: EvaluationContext,
) -> list[Move]:
    """Of those that are live."""
    moves = [
        changed(one, "cleared", facts, cleared_at=context.now, cleared_by=why)
        for one, why in each.decision.cleared
    ]
    gone = {one.id for one, _ in each.decision.cleared}
    waking = {one.id for one in each.decision.reopened}
    for one in each.live:
        if one.id in gone:
            continue
        quiet = quiet_batch_of(trigger.cause) is not None
        if one.id in waking:
            moves.append(changed(one, "reopened", facts, quiet=quiet))
        moves += _following(definition, moves[-1].after if one.id in waking else one, facts)
    return moves


def _following(definition: IndicatorDefinition, one: Indicator, facts: Facts) -> list[Move]:
    """It is counted for the account that its record belongs to, and is whose key role it is."""
    moves: list[Move] = []
    if one.account_id != facts.account_id:
        moves.append(changed(one, "moved", facts, account_id=facts.account_id))
        one = moves[-1].after
    if not one.owner_by_hand and one.owner_id != facts.holder_id:
        moves.append(changed(one, "reassigned", facts, owner_id=facts.holder_id))
    return moves


def _back(
    definition: IndicatorDefinition, one: Indicator, facts: Facts, given: Mapping[str, Any]
) -> Move:
    owner = one.owner_id if one.owner_by_hand else facts.holder_id
    now: dict[str, Any] = {
        "severity": definition.severity,
        "account_id": facts.account_id,
        "owner_id": owner,
    }
    return changed(one, "reopened", facts, **now, **given)


def _is_quiet(definition: IndicatorDefinition, trigger: Trigger) -> bool:
    """Whether what opens calls for nothing: it was so before the rule was there, its account is
    back, or it was written quietly.
    """
    return definition.quiet or trigger.resumed or quiet_batch_of(trigger.cause) is not None


async def _apply(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    by_cause: Mapping[tuple[Cause, ...], Sequence[Move]],
    context: EvaluationContext,
) -> None:
    """Each with the cause that goes back to the change, by way of the definition."""
    link = Cause(type="indicator", id=str(definition.id), label=definition.title)
    for cause, moves in by_cause.items():
        if moves:
            async with caused_by(uow, (*cause, link)):
                await indicators.apply(uow, definition, moves, context.now)
