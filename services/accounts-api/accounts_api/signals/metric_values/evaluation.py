"""Keeps the values of metrics true, as the engine asks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.signals.metric_documents.depends import metric_dependency
from accounts_api.signals.metric_documents.documents import Metric
from accounts_api.signals.metric_values import queries
from accounts_api.signals.metric_values.queries import ComputedValue
from accounts_api.signals.metrics import service as metrics
from shared.errors import Fault
from shared.events.base import Cause
from shared.rules.interpreter.depends import Dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by

REASONS: Final = {
    "too_expensive": "Working this metric out takes too long on this workspace's data.",
    "failed": "This metric could not be worked out; we have been told.",
}


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make the affected records' values what the definitions say. How many differed. A metric whose
    definition can be read no more stands still, and says why.
    """
    library = await metrics.library(uow)
    known = [metric for one in affected if (metric := library.metric(one)) is not None]
    looked_at = await engine.depended_on(uow, {metric_dependency(one.key) for one in known})
    changed = 0
    for metric_id, triggers in affected.items():
        metric, ids = library.metric(metric_id), list(triggers)
        if metric_id not in library.readings:
            await queries.forget(uow, metric_id, ids)
            continue
        await _show_faults(uow, metric_id, library.readings[metric_id].faults)
        if metric is None or not ids:
            continue
        rows = await queries.computed(uow, metric, ids, context)
        changed += await _settle(uow, metric, rows, triggers, context)
        if metric_dependency(metric.key) in looked_at:
            await _notify(uow, metric, rows, triggers)
    return changed


async def _show_faults(uow: UnitOfWork, metric_id: UUID, faults: Sequence[Fault]) -> None:
    found = [fault.as_json() for fault in faults] or None
    await metrics.show_faults(uow, metric_id, found)


async def _settle(
    uow: UnitOfWork,
    metric: Metric,
    rows: Sequence[ComputedValue],
    triggers: Mapping[UUID, Trigger],
    context: EvaluationContext,
) -> int:
    """Only what differs is written. A record that is gone has no value."""
    differing = [row for row in rows if row.differs]
    if differing:
        await queries.store(uow, metric.id, differing, context.today)
    gone = set(triggers) - {row.record_id for row in rows}
    if gone:
        await queries.forget(uow, metric.id, sorted(gone))
    next_changes = [
        (metric.id, row.record_id, row.next_change_at)
        for row in rows
        if row.next_change_at != row.stored_next_change_at
    ]
    next_changes += [(metric.id, record_id, None) for record_id in sorted(gone)]
    await engine.set_next_changes(uow, next_changes)
    return sum(row.is_new for row in rows)


async def _notify(
    uow: UnitOfWork,
    metric: Metric,
    rows: Sequence[ComputedValue],
    triggers: Mapping[UUID, Trigger],
) -> None:
    """Rules and formulas that read the values are evaluated again, for the same cause."""
    groups: dict[Trigger, list[UUID]] = defaultdict(list)
    for row in rows:
        if row.is_new:
            groups[triggers[row.record_id]].append(row.record_id)
    link = Cause(type="metric", id=str(metric.id), label=metric.title)
    what = [metric_dependency(metric.key)]
    for trigger, ids in groups.items():
        async with caused_by(uow, (*trigger.cause, link)):
            await engine.record_change(
                uow, metric.type.name, what, ids, trigger.at, timed=trigger.timed
            )


async def quarantine(uow: UnitOfWork, metric_id: UUID, reason: str) -> None:
    """Values stand still. A backfill tries again once a day."""
    await metrics.show_faults(uow, metric_id, [{"code": reason, "message": REASONS[reason]}])


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Rules, formulas and other metrics may read the values."""
    return {
        one.id: engine.Output(
            f"{one.record_type} {metric_dependency(one.key)}",
            frozenset({Dependency(one.record_type, metric_dependency(one.key))}),
        )
        for one in await metrics.living(uow)
    }
