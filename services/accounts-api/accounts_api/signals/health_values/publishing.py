"""Tells others what became of scores and labels: events, and word to the rules that read them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Trigger
from accounts_api.signals.health_definitions.compiled import Compiled
from accounts_api.signals.health_scores.service import HealthScore
from accounts_api.signals.health_values.rules import Stored, Verdict, moved_most
from shared.events.base import Cause
from shared.events.signals.health import (
    HealthLabelChanged,
    HealthMeasureMoved,
    HealthOverrideEnded,
    HealthOverrideEnding,
    HealthScoreChanged,
)
from shared.uow import UnitOfWork, caused_by


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one record."""

    record_id: UUID
    arr: int | None
    currency: str | None
    inputs: str | None
    before: Stored | None
    after: Verdict
    trigger: Trigger
    told: bool
    """The score moved far enough to be told."""


def link_of(score: HealthScore) -> Cause:
    return Cause(type="health", id=str(score.id), label=score.title)


async def publish(
    uow: UnitOfWork,
    score: HealthScore,
    compiled: Compiled,
    trigger: Trigger,
    changes: Sequence[Change],
) -> None:
    """With a cause that goes back to the change, by way of the score."""
    moved: dict[tuple[str, ...], list[UUID]] = defaultdict(list)
    watched = await engine.depended_on(uow, score.fields)
    async with caused_by(uow, (*trigger.cause, link_of(score))):
        for change in changes:
            first = change.before is None and trigger.cause == engine.BACKFILL
            was = None if change.before is None else change.before.verdict
            names = _changed(was, change.after)
            what = tuple(name for name in score.fields if name.rpartition(".")[2] in names)
            moved[tuple(name for name in what if name in watched)].append(change.record_id)
            if not first and "label" in names:
                uow.publish(HealthLabelChanged(**_facts(score, compiled, change)))
            if change.told and change.before is not None:
                facts = _facts(score, compiled, change)
                uow.publish(
                    HealthScoreChanged(**{**facts, "score_before": change.before.told_score})
                )
        for seen, ids in moved.items():
            if seen:
                await engine.record_change(
                    uow,
                    score.record_type,
                    seen,
                    ids,
                    trigger.at,
                    resumed=trigger.resumed,
                    timed=trigger.timed,
                )


def _changed(before: Verdict | None, after: Verdict) -> set[str]:
    was = (None, None) if before is None else (before.score, before.label)
    pairs = zip(("score", "label"), was, (after.score, after.label), strict=True)
    return {name for name, old, new in pairs if old != new}


def _facts(score: HealthScore, compiled: Compiled, change: Change) -> dict[str, Any]:
    was = None if change.before is None else change.before.verdict
    scored = compiled.named(change.after.definition_key)
    because = moved_most(scored.definition if scored else None, was, change.after)
    return {
        "score_id": score.id,
        "score_key": score.key,
        "record_type": score.record_type,
        "record_id": change.record_id,
        "score_before": None if was is None else was.score,
        "score": change.after.score,
        "label_before": None if was is None else was.label,
        "label": change.after.label,
        "definitions_version": change.after.definitions_version or score.definitions_version,
        "definitions_version_before": None if was is None else was.definitions_version,
        "overridden": change.after.override_id is not None,
        "arr": change.arr,
        "currency": change.currency,
        "because": [
            HealthMeasureMoved(
                key=each.key,
                points_before=each.before,
                points_after=each.after,
            )
            for each in because
        ],
        "effective_at": change.trigger.at,
    }


def publish_ended(
    uow: UnitOfWork,
    score: HealthScore,
    record_id: UUID,
    override_id: UUID,
    at: datetime,
    ended_by: HealthOverrideEnding,
) -> None:
    uow.publish(
        HealthOverrideEnded(
            override_id=override_id,
            score_id=score.id,
            score_key=score.key,
            record_type=score.record_type,
            record_id=record_id,
            ended_by=ended_by,
            effective_at=at,
        )
    )
