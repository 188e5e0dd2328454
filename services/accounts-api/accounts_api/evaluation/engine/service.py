"""Changes in, evaluations out: keeps the results of rules true."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from accounts_api.evaluation.engine import backfills, cycles, next_changes, queries, rules
from accounts_api.evaluation.engine.backfills import Backfill, backfills_of
from accounts_api.evaluation.engine.change_capture import (
    record_change,
    record_changes,
    record_each_change,
)
from accounts_api.evaluation.engine.next_changes import set_next_changes
from accounts_api.evaluation.engine.queries import unregister
from accounts_api.evaluation.event_readers.service import lock_readers
from accounts_api.evaluation.rule_kinds import service as rule_kinds
from accounts_api.evaluation.rule_kinds.evaluators import (
    FORMULA,
    HEALTH,
    METRIC,
    Evaluators,
    Output,
    Trigger,
    in_order,
)
from accounts_api.evaluation.usages.rules import sought_dependencies
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema import record_catalog
from accounts_api.records.store.service import coalesce_computed
from shared.events.base import Cause, chain_of
from shared.lists import moment
from shared.logging import get_logger
from shared.rules.interpreter.depends import (
    CALENDAR,
    Dependency,
    is_of_events,
)
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

log = get_logger(__name__)
DRIFT = Counter("tenure_rule_drift_total", "Results that a recheck corrected")

BATCH: Final = 1_000
_WRITTEN_AT: Final = {FORMULA: "/formula", HEALTH: "/definitions", METRIC: "/numerator"}
"""Where a body has what a rule of a kind is."""
CLOCK: Final = (Cause(type="system", id="clock", label="the time came"),)
AGAIN: Final = (Cause(type="system", id="rules", label="tried again"),)
BACKFILL: Final = (Cause(type="system", id="backfill", label="every record was looked at"),)


__all__ = [
    "Backfill",
    "Output",
    "backfills_of",
    "record_change",
    "record_changes",
    "record_each_change",
    "set_next_changes",
    "unregister",
]


async def register(
    uow: UnitOfWork,
    rule_id: UUID,
    kind: str,
    record_type: str,
    dependencies: Collection[Dependency],
) -> None:
    """Evaluate a rule for every record, and from now on whenever what it depends on changes. Raises
    `Invalid` when a value would depend on itself. Formulas that no rule looked at so far are worked
    out, too: what time makes of them is followed from now on.
    """
    await queries.lock_dependencies(uow)
    seen = {dependency.what for dependency in dependencies}
    unseen = seen - await depended_on(uow, seen)
    if any(map(is_of_events, dependencies)):
        await lock_readers(uow)
    await queries.register(uow, rule_id, kind, record_type, dependencies)
    cycle = await cycles.cycle_of(uow, rule_id)
    if cycle is not None:
        raise cycles.refused(cycle, _WRITTEN_AT.get(kind, "/rule"))
    for formula_id in await cycles.formulas_giving(uow, unseen):
        await start_backfill(uow, formula_id, repeated=True)
    await start_backfill(uow, rule_id)


async def start_backfill(uow: UnitOfWork, rule_id: UUID, *, repeated: bool = False) -> None:
    """Look at every record, in batches by the worker; one under way starts again. A `repeated` look
    should find nothing to correct.
    """
    await backfills.start_backfill(uow, rule_id, repeated=repeated)
    uow.wake_worker()


async def follow_calendar(uow: UnitOfWork) -> None:
    """The workspace's zone, fiscal year or default calendar is another now: whatever a rule says of
    days is evaluated again.
    """
    await backfills.start_dependent_backfills(uow, CALENDAR)
    uow.wake_worker()


async def backfill_dependents(uow: UnitOfWork, record_type: str, what: str) -> None:
    """What rules read there is another thing now, or gone: they are evaluated for every record."""
    for rule in await queries.rules_depending_on(uow, record_type, what):
        await start_backfill(uow, rule.id)


async def depended_on(uow: UnitOfWork, what: Collection[str]) -> frozenset[str]:
    """Those of `what` that any rule looks at."""
    return await queries.depended_on(uow, what) if what else frozenset()


async def find_usages(
    uow: UnitOfWork, what: str, record_type: str | None, key: str
) -> Sequence[Usage]:
    """The rules that depend on it. None depends on a member: features look for the name."""
    return [
        usage
        for read_type, read in sought_dependencies(what, record_type, key)
        for usage in await _usages_of(uow, read_type, read)
    ]


async def _usages_of(uow: UnitOfWork, record_type: str, what: str) -> list[Usage]:
    """Whose rules see `what` of records of `record_type`."""
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for rule in await queries.rules_depending_on(uow, record_type, what):
        by_kind[rule.kind].append(rule.id)
    dependency = Dependency(record_type, what)
    return [
        usage
        for kind, ids in in_order(by_kind)
        for usage in await uow.wired(Evaluators).by_kind[kind].usages(uow, ids, dependency)
    ]


async def rules_reading(uow: UnitOfWork, kind: str, record_type: str, what: str) -> list[UUID]:
    """Rules of one kind that see `what` of records of `record_type`."""
    found = await queries.rules_depending_on(uow, record_type, what)
    return [rule.id for rule in found if rule.kind == kind]


async def lock(uow: UnitOfWork) -> None:
    """One evaluation of a workspace at a time, so that the last word is from the newest data."""
    await queries.lock(uow)


async def evaluated_until(uow: UnitOfWork) -> datetime | None:
    """The instant until which everything that happened and fell due has been evaluated, for a
    transaction that holds the lock on evaluations from here; None while someone else has it.
    """
    if not await queries.try_lock(uow):
        return None
    return await queries.evaluated_until(uow, await uow.fresh_now())


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    """What `step` would find in this workspace now."""
    return asdict(await queries.count_work(uow))


async def step(service: Service) -> bool:
    """One batch of work for every workspace that has some."""
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_with_work(scope)
    cause = [Cause(type="system", id="rules")]
    return await service.units.in_each(waiting, cause, _work, what="rules")


async def recheck_all(service: Service) -> bool:
    """The self-check: what incremental work has made must be what a backfill makes."""
    async with service.units.across_workspaces() as scope:
        restarted = await backfills.restart_old_backfills(scope, hours=24)
    if restarted:
        log.info("rechecks started", rules=restarted)
    return False


async def _work(uow: UnitOfWork) -> bool:
    """What time changed comes first, then what people changed, then backfills."""
    if not await queries.try_lock(uow):
        return False  # whoever holds it works on until nothing is left
    context = await moment.evaluation_context(uow)
    worked = (
        await _evaluate_due(uow, context)
        or await _evaluate_changed(uow, context)
        or await _evaluate_held(uow, context)
        or await _continue_backfill(uow, context)
    )
    if worked and uow.events:
        await coalesce_computed(uow)
    return worked


async def _evaluate_due(uow: UnitOfWork, context: EvaluationContext) -> bool:
    """Judged as of the instant that has come, not as of now: a clock that jumped is followed."""
    due = await next_changes.claim_due(uow, context.now, BATCH)
    if not due:
        return False
    instant = due[0].next_change_at
    affected: dict[str, dict[UUID, dict[UUID, Trigger]]] = defaultdict(lambda: defaultdict(dict))
    for row in due:
        if row.kind is not None:
            trigger = Trigger(instant, CLOCK, timed=True)
            affected[row.kind][row.rule_id][row.record_id] = trigger
    last = await queries.last_queued(uow)
    await rule_kinds.evaluate(uow, affected, at(context, instant))
    # What follows for other rules, at the same instant: a clock that jumped is followed there, too.
    while changes := await queries.claim_timed_changes(uow, last, BATCH):
        await _evaluate_changes(uow, changes, at(context, instant))
    return True


def at(context: EvaluationContext, now: datetime) -> EvaluationContext:
    """The same workspace at another instant."""
    return replace(context, now=now)


async def _evaluate_changed(uow: UnitOfWork, context: EvaluationContext) -> bool:
    changes = await queries.claim_changes(uow, BATCH)
    if changes:
        await _evaluate_changes(uow, changes, context)
    return bool(changes)


async def _evaluate_changes(
    uow: UnitOfWork, changes: Sequence[rules.Change], context: EvaluationContext
) -> None:
    affected: dict[str, dict[UUID, Mapping[UUID, Trigger]]] = defaultdict(dict)
    shapes = rules.by_shape(changes)
    seen = {(record_type, what) for record_type, whats in shapes for what in whats}
    dependent_rules = await queries.dependent_rules(uow, seen)
    by_paths = rules.by_paths(shapes, dependent_rules)
    starts = await _all_starts(uow, frozenset().union(*by_paths), shapes)
    triggers = {change.id: _trigger(change) for change in changes}
    for change_paths, dependents in by_paths.items():
        records = {
            record_id: triggers[last.change.id]
            if not (last.resumed or last.timed)
            else replace(triggers[last.change.id], resumed=last.resumed, timed=last.timed)
            for record_id, last in rules.last_changes(change_paths, shapes, starts).items()
        }
        for dependent in dependents if records else ():
            affected[dependent.kind][dependent.rule_id] = records
    await rule_kinds.evaluate(uow, affected, context)


def _trigger(change: rules.Change) -> Trigger:
    return Trigger(change.at, chain_of(change.cause))


async def _all_starts(
    uow: UnitOfWork,
    change_paths: rules.ChangePaths,
    changes: Mapping[rules.ChangeShape, Sequence[rules.Change]],
) -> rules.Starts:
    """By evaluated type and path, the records from which it leads to each that changed."""
    ids: dict[tuple[str, tuple[str, ...]], set[UUID]] = defaultdict(set)
    for change_path in change_paths:
        ids[change_path.evaluated_type, change_path.path].update(
            change.record_id for change in changes[change_path.shape]
        )
    catalog = await record_catalog.rule_catalog(uow) if any(path for _, path in ids) else STANDARD
    return {
        (evaluated_type, path): await _starts(uow, catalog, evaluated_type, path, ends)
        for (evaluated_type, path), ends in ids.items()
    }


async def evaluate_at_once(uow: UnitOfWork) -> None:
    """Evaluate what this transaction has changed, and what else waits: for one that is undone. Who
    writes for good leaves it to the worker, so that nobody waits for it. The caller holds `lock`
    since before it wrote.
    """
    context = await moment.evaluation_context(uow)
    while await _evaluate_changed(uow, context):
        continue


async def _evaluate_held(uow: UnitOfWork, context: EvaluationContext) -> bool:
    """Records that a rule failed on are tried again."""
    due = await rule_kinds.due_for_retry(uow, BATCH)
    affected: dict[str, dict[UUID, dict[UUID, Trigger]]] = defaultdict(lambda: defaultdict(dict))
    for kind, rule_id, record_id in due:
        affected[kind][rule_id][record_id] = Trigger(context.now, AGAIN)
    await rule_kinds.evaluate(uow, affected, context)
    return bool(due)


async def _starts(
    uow: UnitOfWork, catalog: Catalog, evaluated_type: str, path: tuple[str, ...], ids: set[UUID]
) -> Mapping[UUID, Sequence[UUID]]:
    """The evaluated records from which `path` leads to each of `ids`."""
    if not path:
        return {id_: [id_] for id_ in ids}
    if not catalog.leads(evaluated_type, path):
        return {id_: [] for id_ in ids}  # an object type on it is gone by now
    pairs = await queries.reached(uow, catalog, evaluated_type, path, sorted(ids))
    found: dict[UUID, list[UUID]] = {id_: [] for id_ in ids}
    for pair in pairs:
        found[pair.read].append(pair.evaluated)
    return found


async def _continue_backfill(uow: UnitOfWork, context: EvaluationContext) -> bool:
    """The next batch of the oldest backfill."""
    backfill = await backfills.next_backfill(uow)
    if backfill is None:
        return False
    type_ = (await record_catalog.rule_catalog(uow)).types.get(backfill.record_type)
    ids: Sequence[UUID] = ()
    if type_ is not None:  # an object type may be gone by now
        if backfill.after_id is None:
            await backfills.count_records(uow, backfill.rule_id, type_)
        ids = await backfills.ids_after(uow, type_, backfill.after_id, BATCH)
    # What a repeated look finds of a formula that time moves has come about by time.
    trigger = Trigger(context.now, BACKFILL, timed=backfill.repeated)
    found = {backfill.rule_id: dict.fromkeys(ids, trigger)}
    corrected = await rule_kinds.evaluate_kind(uow, backfill.kind, found, context) if ids else 0
    if backfill.repeated and corrected:
        DRIFT.inc(corrected)
        log.warning("members had drifted", rule_id=str(backfill.rule_id), corrected=corrected)
    await backfills.advance_backfill(
        uow,
        backfill.rule_id,
        backfill.run,
        after=ids[-1] if ids else None,
        evaluated=len(ids),
        corrected=corrected or 0,
        finished=corrected is None or len(ids) < BATCH,
    )
    return True
