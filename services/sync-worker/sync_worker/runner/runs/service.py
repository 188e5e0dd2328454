from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from shared.errors import Conflict, NotFound
from shared.events.base import Cause
from shared.events.sync import SyncRunFinished, SyncRunOutcome
from shared.ids import new_id
from shared.quiet import Automation
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.runner.runs import queries
from sync_worker.runner.runs.rows import NewRun, RunChanges, SyncRun, SyncRunKind
from sync_worker.runner.runs.schemas import SyncProgress

__all__ = ["SyncRun"]

RUNS = Counter("tenure_sync_runs_total", "Sync runs that ended", ["system", "direction", "status"])

MOST_ATTEMPTS = 5
"""How often a run may lose its worker before it is given up: it may be what kills them."""


class RunNotFound(NotFound):
    title = "There is no such sync run"


class NotHeld(Conflict):
    code = "run_not_held"
    title = "The run does not wait for approval"


async def request_run(
    uow: UnitOfWork, connection_id: UUID, kind: SyncRunKind, automation: Automation = "run"
) -> SyncRun:
    """A run that starts as soon as a worker is free. Asked twice before that, it is one run, full
    or quiet if one of the two was to be.
    """
    connection = await connections.make_due(uow, connection_id)
    run = await queries.run_in_state(uow, connection.id, "queued")
    if run is None:
        new: NewRun = {"kind": kind, "status": "queued"}
        run = await _add(uow, connection.id, connection.system, new)
    changes: RunChanges = {}
    if kind == "full" and run.kind != "full":
        changes["kind"] = kind
    if automation == "quiet" and run.quiet_batch_id is None:
        changes["quiet_batch_id"] = run.id
    return await queries.change_run(uow, run.id, changes) if changes else run


async def get_run(uow: UnitOfWork, run_id: UUID) -> SyncRun:
    run = await queries.run_by_id(uow, run_id)
    if run is None:
        raise RunNotFound("Look at GET /v1/sync-runs for those there are.")
    return run


async def list_runs(
    uow: UnitOfWork,
    connection_id: UUID | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[SyncRun]:
    return await queries.runs_page(uow, connection_id, status, before, limit)


async def decide_held(uow: UnitOfWork, run_id: UUID, *, approved: bool) -> SyncRun:
    """Let a held run delete, or end it with everything kept. Raises `NotHeld`."""
    run = await queries.run_by_id(uow, run_id, lock=True)
    if run is None:
        raise RunNotFound("Look at GET /v1/sync-runs for those there are.")
    if run.status != "held":
        raise NotHeld(f"It is {run.status}.")
    if not approved:
        kept = "A person decided to keep what is gone there."
        return await finish(uow, run, "partial", kept)
    approved_run: RunChanges = {
        "status": "queued",
        "approved": True,
        "held": None,
        "reason": None,
    }
    waiting = await queries.run_in_state(uow, run.connection_id, "queued")
    if waiting is not None:
        # One may wait at a time, and this one does all that the other was asked for.
        approved_run["kind"] = "full" if "full" in {run.kind, waiting.kind} else run.kind
        await queries.delete_run(uow, waiting.id)
    run = await queries.change_run(uow, run.id, approved_run)
    await connections.make_due(uow, run.connection_id)
    return run


# For workers


async def take_run(
    uow: UnitOfWork,
    connection_id: UUID,
    system: str,
    full_after_seconds: float,
    first_pull: Automation,
) -> SyncRun | None:
    """The run that this turn of a connection belongs to: one whose worker died, one that was asked
    for, or a new one. None when the run was given up instead. Runs of a quiet first pull share one
    batch, the connection's.
    """
    interrupted = await queries.run_in_state(uow, connection_id, "running")
    if interrupted is not None:
        if interrupted.attempt >= MOST_ATTEMPTS:
            await finish(uow, interrupted, "failed", "Its worker died five times.")
            return None
        return await queries.change_run(uow, interrupted.id, {"attempt": interrupted.attempt + 1})
    last = await connections.full_sync_at(uow, connection_id)
    now = await uow.machine_now()
    run = await queries.run_in_state(uow, connection_id, "queued")
    if run is None:
        run = await _add(uow, connection_id, system, {"kind": "incremental", "status": "queued"})
    taken: RunChanges = {"status": "running", "started_at": now}
    if last is None or now - last > timedelta(seconds=full_after_seconds):
        taken["kind"] = "full"
    if last is None and first_pull == "quiet":
        taken["quiet_batch_id"] = connection_id
    return await queries.change_run(uow, run.id, taken)


async def take_requested_run(uow: UnitOfWork, connection_id: UUID) -> SyncRun | None:
    """Like `take_run`, for systems whose scheduled turns leave a run behind only with news."""
    running = await queries.run_in_state(uow, connection_id, "running")
    if running is not None:
        return running
    queued = await queries.run_in_state(uow, connection_id, "queued")
    if queued is None:
        return None
    return await queries.change_run(
        uow, queued.id, {"status": "running", "started_at": await uow.machine_now()}
    )


async def run_of_look(
    uow: UnitOfWork, connection_id: UUID, run_id: UUID | None, *, has_news: bool
) -> UUID | None:
    """The run that a look ends: the one that was asked for, else a new one if there was news."""
    if run_id is not None or not has_news:
        return run_id
    started_at = await uow.machine_now()
    new: NewRun = {"kind": "incremental", "status": "running", "started_at": started_at}
    return (await _add(uow, connection_id, "imap", new)).id


async def record_push(
    uow: UnitOfWork,
    connection_id: UUID,
    system: str,
    *,
    read: int,
    written: int,
    rejected: int,
    reason: str | None,
    requests: int,
) -> None:
    """A push is so short that it is only told of when it is over."""
    new: NewRun = {
        "direction": "push",
        "kind": "incremental",
        "status": "failed",
        "requests": requests,
        "read": read,
        "written": written,
        "rejected": rejected,
        "started_at": await uow.machine_now(),
    }
    run = await _add(uow, connection_id, system, new)
    complete = written == read
    await finish(uow, run, "succeeded" if complete else "partial" if written else "failed", reason)


async def is_waiting(uow: UnitOfWork, connection_id: UUID) -> bool:
    """Whether someone asked for another run meanwhile."""
    waiting = await queries.run_in_state(uow, connection_id, "queued")
    return waiting is not None


async def is_held(uow: UnitOfWork, connection_id: UUID) -> bool:
    held = await queries.run_in_state(uow, connection_id, "held")
    return held is not None


async def advance(
    uow: UnitOfWork,
    run_id: UUID,
    sobject: str,
    progress: SyncProgress,
    more: Mapping[str, int],
    requests: int,
) -> None:
    counted = ("read", "written", "unchanged", "rejected", "warned")
    totals = {name: more.get(name, 0) for name in counted}
    totals["deleted"] = more.get("deleted", 0) + more.get("merged", 0)
    shown = progress.model_dump(mode="json")
    await queries.advance(uow, run_id, sobject, shown, totals, requests)


async def hold(uow: UnitOfWork, run_id: UUID, held: dict[str, Any], reason: str) -> None:
    run = await _running(uow, run_id)
    if run is not None:
        await queries.change_run(uow, run.id, {"status": "held", "held": held, "reason": reason})


async def finish_run(
    uow: UnitOfWork,
    run_id: UUID,
    status: SyncRunOutcome,
    reason: str | None,
    retry_in: float | None = None,
) -> None:
    run = await _running(uow, run_id)
    if run is not None:
        await finish(uow, run, status, reason, retry_in)


async def finish(
    uow: UnitOfWork,
    run: SyncRun,
    status: SyncRunOutcome,
    reason: str | None,
    retry_in: float | None = None,
) -> SyncRun:
    now = await uow.machine_now()
    run = await queries.change_run(
        uow,
        run.id,
        {
            "status": status,
            "reason": reason,
            "held": None,
            "next_retry_at": None if retry_in is None else now + timedelta(seconds=retry_in),
            "finished_at": now,
        },
    )
    RUNS.labels(run.system, run.direction, status).inc()
    uow.publish(
        SyncRunFinished(
            id=run.id,
            connection_id=run.connection_id,
            direction=run.direction,
            status=status,
            reason=reason,
            read=run.read,
            written=run.written,
            rejected=run.rejected,
        )
    )
    return run


def cause_of(run: SyncRun, connection: connections.Opened) -> list[Cause]:
    """Who asked for the run, then the connection, then the run itself."""
    asked = [Cause.model_validate(link) for link in run.cause]
    link = Cause(type="sync_run", id=str(run.id), label=f"{run.kind} {run.direction}")
    return [*asked, connection.cause, link]


async def count_open(uow: UnitOfWork) -> int:
    return await queries.open_runs(uow)


async def forget_old(service: Service) -> bool:
    async with service.units.across_workspaces() as scope:
        return await queries.forget_old_runs(scope)


async def _running(uow: UnitOfWork, run_id: UUID) -> SyncRun | None:
    run = await queries.run_by_id(uow, run_id, lock=True)
    return run if run is not None and run.status == "running" else None


async def _add(uow: UnitOfWork, connection_id: UUID, system: str, new: NewRun) -> SyncRun:
    return await queries.insert_run(
        uow,
        {
            "id": new_id(),
            "connection_id": connection_id,
            "system": system,
            "direction": "pull",
            "cause": [link.model_dump(mode="json", exclude_none=True) for link in uow.cause],
            **new,
        },
    )
