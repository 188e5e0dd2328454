"""Changes in, judgements out: the engine that keeps verdicts of watched rules true."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from accounts_api.evaluation.engine import (
    backfill,
    cycles,
    held_records,
    next_changes,
    queries,
    rules,
)
from accounts_api.evaluation.engine.backfill import Sweep, sweeps_of
from accounts_api.evaluation.engine.change_capture import note, note_changes, note_each
from accounts_api.evaluation.engine.cycles import Given
from accounts_api.evaluation.engine.evaluators import Affected, Origin, Owners, in_order
from accounts_api.evaluation.engine.next_changes import set_horizons
from accounts_api.evaluation.engine.queries import unwatch
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.depends import (
    CALENDAR,
    EXISTENCE,
    Sight,
    role_sight,
    segment_sight,
)
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema import record_catalog
from shared.batches import each_at_its_own_risk, is_passing
from shared.db import sqlstate
from shared.events.base import Cause, chain_of
from shared.logging import get_logger
from shared.service import Service
from shared.sqlstates import QUERY_CANCELED
from shared.uow import UnitOfWork
from shared.usages import Usage

log = get_logger(__name__)
FAILURES = Counter("tenure_rule_failures_total", "Rules that could not be judged")
DRIFT = Counter("tenure_rule_drift_total", "Verdicts that a repeated look at every record changed")

BATCH: Final = 1_000
BAD_RECORDS: Final = 8
"""Of one rule, in one batch: when it fails on more of them, the rule is to blame."""
CLOCK: Final = (Cause(type="system", id="clock", label="the time came"),)
AGAIN: Final = (Cause(type="system", id="rules", label="tried again"),)
SWEEP: Final = (Cause(type="system", id="sweep", label="every record was looked at"),)


__all__ = [
    "Given",
    "Sweep",
    "note",
    "note_changes",
    "note_each",
    "set_horizons",
    "sweeps_of",
    "unwatch",
]


async def watch(
    uow: UnitOfWork, rule_id: UUID, kind: str, record_type: str, sights: Iterable[Sight]
) -> None:
    """Watch what `sights` name from now on, and look at every record once. Raises `Invalid` when a
    value would depend on itself.
    """
    await queries.lock_dependencies(uow.session, uow.workspace_id)
    await queries.watch(uow.session, uow.workspace_id, rule_id, kind, record_type, sights)
    circle = await _circle_of(uow, rule_id)
    if circle is not None:
        raise cycles.refused(circle, "/formula" if kind == cycles.FORMULA else "/rule")
    await sweep(uow, rule_id)


async def _circle_of(uow: UnitOfWork, rule_id: UUID) -> cycles.Circle | None:
    givers = {
        kind: owner.gives
        for kind, owner in uow.wired(Owners).by_kind.items()
        if owner.gives is not None
    }
    return await cycles.circle_of(uow, rule_id, givers)


async def sweep(uow: UnitOfWork, rule_id: UUID, *, repeated: bool = False) -> None:
    """Look at every record, in batches by the worker; one under way starts again. A `repeated` look
    should find nothing to correct.
    """
    await backfill.start_sweep(uow.session, uow.workspace_id, rule_id, repeated=repeated)
    uow.wake_worker()


async def follow_calendar(uow: UnitOfWork) -> None:
    """The workspace's zone, fiscal year, holidays or working days are others now: whatever a rule
    says of days is looked at again.
    """
    await backfill.start_sweeps_seeing(uow.session, uow.workspace_id, CALENDAR)
    uow.wake_worker()


async def sweep_seeing(uow: UnitOfWork, record_type: str, what: str) -> None:
    """What rules see there is another thing now, or gone: they look at every record again."""
    for rule_id, _ in await queries.watching(uow.session, uow.workspace_id, record_type, what):
        await sweep(uow, rule_id)


async def users_of(uow: UnitOfWork, record_type: str, what: str) -> list[Usage]:
    """Whose rules see `what` of records of `record_type`."""
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for rule_id, kind in await queries.watching(uow.session, uow.workspace_id, record_type, what):
        by_kind[kind].append(rule_id)
    sight = Sight(record_type, what)
    return [
        user
        for kind, ids in in_order(by_kind)
        for user in await uow.wired(Owners).by_kind[kind].users(uow, ids, sight)
    ]


async def seen(uow: UnitOfWork, what: Collection[str]) -> frozenset[str]:
    """Those of `what` that any rule looks at."""
    return await queries.seen_at_all(uow.session, uow.workspace_id, what) if what else frozenset()


async def find_usages(
    uow: UnitOfWork, what: str, record_type: str | None, key: str
) -> Sequence[Usage]:
    """A finder for what `hooks.FindUsers` names."""
    if what == "relation" and record_type is not None:
        return await users_of(uow, record_type, key)
    if what == "object_type":
        # Whoever looks at instances sees them come and go.
        return await users_of(uow, key, EXISTENCE)
    if what in {"trait", "segment"} and record_type is not None:
        field = f"traits.{key}" if what == "trait" else segment_sight(key)
        return await users_of(uow, record_type, field)
    return await users_of(uow, "account", role_sight(key)) if what == "key_role" else ()


async def seers(uow: UnitOfWork, kind: str, record_type: str, what: str) -> list[UUID]:
    """Watches of one kind that see `what` of records of `record_type`."""
    found = await queries.watching(uow.session, uow.workspace_id, record_type, what)
    return [rule_id for rule_id, of_kind in found if of_kind == kind]


async def lock(uow: UnitOfWork) -> None:
    """One judgement of a workspace at a time, so that the last word is from the newest data."""
    await queries.lock(uow.session, uow.workspace_id)


async def judged_until(uow: UnitOfWork) -> datetime | None:
    """The instant until which everything that happened and fell due has been judged, for a
    transaction that holds the lock on judgements from here; None while someone else has it.
    """
    if not await queries.try_lock(uow.session, uow.workspace_id):
        return None
    return await queries.judged_until(uow.session, uow.workspace_id, await uow.fresh_now())


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    """What `step` would find in this workspace now."""
    return await queries.count_work(uow.session, uow.workspace_id)


async def step(service: Service) -> bool:
    """One batch of work for every workspace that has some."""
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_with_work(scope.session)
    cause = [Cause(type="system", id="rules")]
    return await service.units.in_each(waiting, cause, _work, what="rules")


async def check_all_again(service: Service) -> bool:
    """The self-check: what incremental work has made must be what a full look makes."""
    async with service.units.across_workspaces() as scope:
        restarted = await backfill.restart_old_sweeps(scope.session, hours=24)
    if restarted:
        log.info("full looks started", watches=restarted)
    return False


async def _work(uow: UnitOfWork) -> bool:
    """What time changed comes first, then what people changed, then looks at every record."""
    if not await queries.try_lock(uow.session, uow.workspace_id):
        return False  # whoever holds it works on until nothing is left
    moment = await record_catalog.moment_of(uow)
    return (
        await _judge_due(uow, moment)
        or await _judge_changed(uow, moment)
        or await _judge_held(uow, moment)
        or await _sweep_on(uow, moment)
    )


async def _judge_due(uow: UnitOfWork, moment: Moment) -> bool:
    """Judged as of the instant that has come, not as of now: a clock that jumped is followed."""
    due = await next_changes.claim_due(uow.session, uow.workspace_id, moment.now, BATCH)
    if not due:
        return False
    instant: datetime = due[0].next_change_at
    affected: dict[str, dict[UUID, dict[UUID, Origin]]] = defaultdict(lambda: defaultdict(dict))
    for row in due:
        if row.kind is not None:
            affected[row.kind][row.rule_id][row.record_id] = Origin(instant, CLOCK)
    await _judge(uow, affected, at(moment, instant))
    return True


def at(moment: Moment, now: datetime) -> Moment:
    """The same workspace at another instant."""
    return replace(moment, now=now, _steps={})


async def _judge_changed(uow: UnitOfWork, moment: Moment) -> bool:
    changes = await queries.claim_changes(uow.session, uow.workspace_id, BATCH)
    if not changes:
        return False
    affected: dict[str, dict[UUID, Mapping[UUID, Origin]]] = defaultdict(dict)
    sorts = rules.by_sort(changes)
    seen = {(record_type, what) for record_type, whats in sorts for what in whats}
    watchers = await queries.watchers(uow.session, uow.workspace_id, seen)
    by_views = rules.by_views(sorts, watchers)
    starts = await _all_starts(uow, frozenset().union(*by_views), sorts)
    origins = {change.id: _origin(change) for change in changes}
    for views, watching in by_views.items():
        records = {
            record_id: replace(origins[change.id], resumed=True) if resumed else origins[change.id]
            for record_id, (change, resumed) in rules.last_changes(views, sorts, starts).items()
        }
        for watcher in watching if records else ():
            affected[watcher.kind][watcher.rule_id] = records
    await _judge(uow, affected, moment)
    return True


def _origin(change: rules.Change) -> Origin:
    return Origin(change.at, chain_of(change.cause))


async def _all_starts(
    uow: UnitOfWork, views: rules.Views, changes: Mapping[rules.Sort, Sequence[rules.Change]]
) -> rules.Starts:
    """By watched type and path, the watched records from which it leads to each that changed."""
    ids: dict[tuple[str, tuple[str, ...]], set[UUID]] = defaultdict(set)
    for view in views:
        ids[view.watched, view.path].update(change.record_id for change in changes[view.sort])
    catalog = await record_catalog.rule_catalog(uow) if any(path for _, path in ids) else STANDARD
    return {
        (watched, path): await _starts(uow, catalog, watched, path, ends)
        for (watched, path), ends in ids.items()
    }


async def _judge_held(uow: UnitOfWork, moment: Moment) -> bool:
    """Records that a rule failed on are tried again."""
    due = await held_records.due_again(uow, BATCH)
    affected: dict[str, dict[UUID, dict[UUID, Origin]]] = defaultdict(lambda: defaultdict(dict))
    for kind, rule_id, record_id in due:
        affected[kind][rule_id][record_id] = Origin(moment.now, AGAIN)
    await _judge(uow, affected, moment)
    return bool(due)


async def _starts(
    uow: UnitOfWork, catalog: Catalog, watched: str, path: tuple[str, ...], ids: set[UUID]
) -> Mapping[UUID, Sequence[UUID]]:
    """The watched records from which `path` leads to each of `ids`."""
    if not path:
        return {id_: [id_] for id_ in ids}
    if not catalog.leads(watched, path):
        return {id_: [] for id_ in ids}  # an object type on it is gone by now
    pairs = await queries.reached(
        uow.session, uow.workspace_id, catalog, watched, path, sorted(ids)
    )
    found: dict[UUID, list[UUID]] = {id_: [] for id_ in ids}
    for start, end in pairs:
        found[end].append(start)
    return found


async def _judge(
    uow: UnitOfWork, affected: Mapping[str, Mapping[UUID, Mapping[UUID, Origin]]], moment: Moment
) -> None:
    for kind, found in in_order(affected):
        await _judge_kind(uow, kind, found, moment)


async def _judge_kind(uow: UnitOfWork, kind: str, found: Affected, moment: Moment) -> int | None:
    """All together; if that fails, one by one, so that a bad rule stops itself and no other. How
    many verdicts differed; None when one rule could not be judged and was set aside.
    """
    owner, set_aside = uow.wired(Owners).by_kind[kind], False

    async def judge(watches: Sequence[UUID]) -> int:
        few = {rule_id: found[rule_id] for rule_id in watches}
        differing = await owner.judge(uow, few, moment)
        await held_records.let_go(uow, few)
        return differing

    async def by_record(rule_id: UUID, error: Exception) -> None:
        nonlocal set_aside
        differing = await _judge_records(uow, kind, rule_id, found[rule_id], moment, error)
        if differing is None:
            set_aside = True
        else:
            more.append(differing)

    more: list[int] = []
    judged = await each_at_its_own_risk(uow, list(found), judge, by_record)
    return None if set_aside and len(found) == 1 else sum(judged) + sum(more)


class _RuleFails(Exception):
    """So many records fail that the rule is to blame."""


async def _judge_records(
    uow: UnitOfWork,
    kind: str,
    rule_id: UUID,
    records: Mapping[UUID, Origin],
    moment: Moment,
    error: Exception,
) -> int | None:
    """After a rule failed: without the records that are to blame, which are held back. If there
    are many of them, or if it fails without any, the rule is set aside: None.
    """
    owner, failed = uow.wired(Owners).by_kind[kind], 0

    async def judge(ids: Sequence[UUID]) -> int:
        few = {rule_id: {id_: records[id_] for id_ in ids}}
        differing = await owner.judge(uow, few, moment)
        await held_records.let_go(uow, few)
        return differing

    async def hold(record_id: UUID, reason: Exception) -> None:
        nonlocal failed
        failed += 1
        if failed > BAD_RECORDS:
            raise _RuleFails
        await held_records.hold(uow, kind, rule_id, record_id, reason)

    told, cause = len(uow.events), uow.cause
    timed_out = sqlstate(error) == QUERY_CANCELED
    try:
        if not timed_out:
            async with uow.savepoint():
                await judge([])
                return sum(await each_at_its_own_risk(uow, list(records), judge, hold))
    except Exception as again:
        if is_passing(again):
            raise
        uow.take_back(told)
        uow.cause = cause
    FAILURES.inc()
    log.error("a rule was set aside", rule_id=str(rule_id), exc_info=error)
    await owner.set_aside(uow, rule_id, "too_expensive" if timed_out else "failed")
    return None


async def _sweep_on(uow: UnitOfWork, moment: Moment) -> bool:
    """The next batch of the oldest look at every record."""
    sweep = await backfill.next_sweep(uow.session, uow.workspace_id)
    if sweep is None:
        return False
    type_ = (await record_catalog.rule_catalog(uow)).types.get(sweep.record_type)
    ids: Sequence[UUID] = ()
    if type_ is not None:  # an object type may be gone by now
        if sweep.after_id is None:
            await backfill.count_for_sweep(uow.session, uow.workspace_id, sweep.rule_id, type_)
        ids = await backfill.ids_after(uow.session, uow.workspace_id, type_, sweep.after_id, BATCH)
    origin = Origin(moment.now, SWEEP)
    found = {sweep.rule_id: dict.fromkeys(ids, origin)}
    corrected = await _judge_kind(uow, sweep.kind, found, moment) if ids else 0
    if sweep.repeated and corrected:
        DRIFT.inc(corrected)
        log.warning("members had drifted", rule_id=str(sweep.rule_id), corrected=corrected)
    await backfill.advance_sweep(
        uow.session,
        uow.workspace_id,
        sweep.rule_id,
        sweep.run,
        after=ids[-1] if ids else None,
        looked_at=len(ids),
        corrected=corrected or 0,
        finished=corrected is None or len(ids) < BATCH,
    )
    return True
