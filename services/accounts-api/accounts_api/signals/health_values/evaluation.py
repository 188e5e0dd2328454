"""Keeps the score and label of each record what its definitions say, and tells others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import earliest
from accounts_api.records.schema import record_catalog
from accounts_api.signals.health_definitions import service as health_definitions
from accounts_api.signals.health_definitions.compiled import Compiled, nobody
from accounts_api.signals.health_overrides import service as overrides
from accounts_api.signals.health_overrides.rules import Override, overridden
from accounts_api.signals.health_scores.service import HealthScore, score_by_id, scores, set_faults
from accounts_api.signals.health_values import queries
from accounts_api.signals.health_values.publishing import (
    Change,
    link_of,
    publish,
    publish_ended,
)
from accounts_api.signals.health_values.queries import Result
from accounts_api.signals.health_values.rules import NOTHING, Stored, Verdict, is_told
from accounts_api.signals.health_values.statement import GONE, STOPPED, List, list_of
from shared.events.signals.health import HealthOverrideEnding
from shared.ids import new_id
from shared.rules.interpreter.depends import Dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by
from shared.usages import Usage

BATCH: Final = 1_000
REASONS: Final = {
    "too_expensive": "Scoring takes too long on this workspace's data.",
    "failed": "Records could not be scored; we have been told.",
}


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make scores, labels and next changes of the affected records what the definitions say. The
    caller holds the workspace's lock on evaluations.
    """
    changed = 0
    for score_id, triggers in affected.items():
        score = await score_by_id(uow, score_id)
        if score is None:
            continue
        found = await _list(uow, score)
        ids = list(triggers)
        for start in range(0, len(ids), BATCH):
            few = ids[start : start + BATCH]
            changed += await _evaluate(uow, score, found, few, triggers, context)
    return changed


async def _list(uow: UnitOfWork, score: HealthScore) -> List:
    """What scores records. Shows what is gone of it; of an archived one, nothing does."""
    catalog = await record_catalog.rule_catalog(uow)
    definitions = await health_definitions.current(uow, score)
    read = await health_definitions.usable(uow, score, definitions)
    faults = health_definitions.as_json(read.faults)
    if score.faults != faults:
        await set_faults(uow, score.id, faults)
    stops = score.stop_at_churn and score.record_type == "account"
    if score.archived_at is not None:
        read, stops = nobody(read), False
    return list_of(read, catalog.types[score.record_type], stops_at_churn=stops)


@dataclass(frozen=True, slots=True)
class Ended:
    """An override that holds no more."""

    record_id: UUID
    override_id: UUID
    at: datetime
    by: HealthOverrideEnding


@dataclass(frozen=True, slots=True)
class _Batch:
    """What becomes of some records."""

    changes: list[Change]
    kept: list[dict[str, Any]]
    removed: list[UUID]
    ended: list[Ended]


async def _evaluate(
    uow: UnitOfWork,
    score: HealthScore,
    found: List,
    ids: Sequence[UUID],
    triggers: Mapping[UUID, Trigger],
    context: EvaluationContext,
) -> int:
    rows = await queries.results(uow, found, score.id, score.definitions_version, ids, context)
    batch = _Batch([], [], [], [])
    next_changes = []
    for row in rows:
        trigger = triggers[row.record_id]
        override = _override(row)
        if override is not None and (row.state == GONE or override.expires_at <= context.now):
            batch.ended.append(_ended(score, row, override, context))
            override = None
        expires = None if override is None else override.expires_at
        next_at = earliest([None if row.state == GONE else row.next_at, expires])
        if next_at != row.stored_next_at:
            next_changes.append((score.id, row.record_id, next_at))
        _decide(score, found.compiled, row, override, trigger, batch)
    await engine.set_next_changes(uow, next_changes)
    await overrides.end_overrides(uow, [(one.override_id, one.at, one.by) for one in batch.ended])
    for one in batch.ended:
        async with caused_by(uow, (*triggers[one.record_id].cause, link_of(score))):
            publish_ended(uow, score, one.record_id, one.override_id, one.at, one.by)
    await _store(uow, score, found, batch, context)
    return len(batch.changes)


def _ended(
    score: HealthScore, row: Result, override: Override, context: EvaluationContext
) -> Ended:
    if row.state != GONE:
        return Ended(row.record_id, override.id, override.expires_at, "expired")
    by: HealthOverrideEnding = "deleted" if score.archived_at is None else "archived"
    return Ended(row.record_id, override.id, context.now, by)


def _override(row: Result) -> Override | None:
    if row.said_id is None or row.said_expires_at is None:
        return None
    return Override(row.said_id, row.said_label, row.said_score, row.said_expires_at)


def _decide(
    score: HealthScore,
    compiled: Compiled,
    row: Result,
    override: Override | None,
    trigger: Trigger,
    batch: _Batch,
) -> None:
    before = _stored(row)
    if row.state == GONE:
        if before is not None:
            batch.removed.append(row.record_id)
            batch.changes.append(_change(row, before, NOTHING, trigger, told=False))
        return
    if row.state == STOPPED and before is None:
        return
    after = _verdict(score, compiled, row, override, before)
    if before is not None and before.verdict == after:
        return
    is_other = before is None or before.verdict.as_decided() != after.as_decided()
    told = is_told(before, after.score, score.publish_delta)
    kept_told = None if before is None else before.told_score
    same_label = before is not None and before.verdict.label == after.label
    batch.kept.append(
        {
            "record_id": row.record_id,
            **after.as_row(),
            "label_since": before.label_since if before and same_label else trigger.at,
            "told_score": after.score if told or kept_told is None else kept_told,
        }
    )
    if is_other:
        batch.changes.append(_change(row, before, after, trigger, told=told))


def _change(
    row: Result, before: Stored | None, after: Verdict, trigger: Trigger, *, told: bool
) -> Change:
    return Change(row.record_id, row.arr, row.currency, row.inputs, before, after, trigger, told)


def _stored(row: Result) -> Stored | None:
    if row.stored_label_since is None:
        return None
    verdict = Verdict(
        row.stored_score,
        row.stored_label,
        row.stored_computed_score,
        row.stored_computed_label,
        row.stored_definition_key,
        row.stored_definitions_version,
        row.stored_points,
        row.stored_null_reason,
        row.stored_capped_by,
        row.stored_override_id,
    )
    return Stored(verdict, row.stored_label_since, row.stored_told_score)


def _verdict(
    score: HealthScore,
    compiled: Compiled,
    row: Result,
    override: Override | None,
    before: Stored | None,
) -> Verdict:
    """A record that is stopped keeps what was computed when it was."""
    if row.state == STOPPED and before is not None:
        computed = before.verdict
    else:
        computed = Verdict(
            row.computed_score,
            row.computed_label,
            row.computed_score,
            row.computed_label,
            row.definition_key,
            score.definitions_version,
            row.points,
            row.null_reason,
            row.capped_by,
            None,
        )
    if override is None:
        return replace(
            computed,
            score=computed.computed_score,
            label=computed.computed_label,
            override_id=None,
        )
    scored = compiled.named(computed.definition_key)
    labels = () if scored is None else scored.definition.labels
    held, label = overridden(override, computed.computed_score, labels)
    return replace(computed, score=held, label=label, override_id=override.id)


async def _store(
    uow: UnitOfWork, score: HealthScore, found: List, batch: _Batch, context: EvaluationContext
) -> None:
    await queries.keep(uow, score.id, batch.kept, context.now)
    await queries.remove(uow, score.id, batch.removed)
    rows = [
        {
            "record_id": change.record_id,
            "id": new_id(),
            **change.after.as_row(),
            "null_reason": change.after.null_reason or (GONE if change.after == NOTHING else None),
            "inputs": change.inputs,
            "at": change.trigger.at,
            "cause": change.trigger.cause,
        }
        for change in batch.changes
    ]
    await queries.add_changes(uow, score.id, rows)
    grouped: dict[Trigger, list[Change]] = defaultdict(list)
    for change in batch.changes:
        grouped[change.trigger].append(change)
    for trigger, group in grouped.items():
        await publish(uow, score, found.compiled, trigger, group)


async def quarantine(uow: UnitOfWork, score_id: UUID, reason: str) -> None:
    """Scores stand still. A backfill tries again once a day."""
    await set_faults(uow, score_id, [{"code": reason, "message": REASONS[reason]}])


async def usages(uow: UnitOfWork, ids: Sequence[UUID], _: Dependency) -> Sequence[Usage]:
    """The scores among rules that see something, as a refusal names them."""
    found = await scores(uow)
    return [Usage("health_score", str(one.id), one.title) for one in found if one.id in set(ids)]


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Rules and formulas may read scores and labels, and one score another."""
    return {
        one.id: engine.Output(
            f"health score {one.title}",
            frozenset(Dependency(one.record_type, name) for name in one.fields),
        )
        for one in await scores(uow)
    }
