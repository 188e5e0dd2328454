"""A run that brings our copy of the records up to date."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.connectors.base import SystemTrouble
from sync_worker.connectors.kit.waits import QUOTA_PAUSE
from sync_worker.crm_sync.inbound import deletions
from sync_worker.crm_sync.inbound.context import SyncRunContext
from sync_worker.crm_sync.inbound.taker import RecordTaker
from sync_worker.crm_sync.records import service as records
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.service import SyncRun
from sync_worker.runner.streams import service as streams


@dataclass(frozen=True)
class Ending:
    """How a run ends, if it is not held."""

    status: Literal["succeeded", "partial", "failed"]
    reason: str | None = None
    needs_reauth: bool = False
    asked: float | None = None
    """Seconds that the system wants to be left alone."""

    @property
    def trouble(self) -> str | None:
        """What the connection suffers from. Rows set aside are the rows' trouble, not its."""
        return self.reason if self.status == "failed" or self.asked is not None else None


async def pull(context: SyncRunContext) -> Ending | None:
    """Bring our copy up to date; None when the run is held for a person.

    Stops at the first stream that cannot be read to the end, because the next ones may point to
    what it did not deliver. Raises `LostLease`.
    """
    name = "the connection"
    taker = RecordTaker(context)
    try:
        for kind in context.streams:
            name = kind.name
            await streams.read_stream(context, name, taker)
            if context.becomes(name) != "member":
                await streams.read_deletions(context, name, taker)
            if kind.joins is None:
                await deletions.carry_out_merges(context, name)
                await taker.read_again(name)
            await _report(context, name)
        name = "deletions"
        if await _carry_out_deletions(context):
            return None
    except SystemTrouble as error:
        return _stopped(context, name, error)
    except records.AccountsAway as error:
        return Ending(_partly(context), f"{name}: {error}", asked=0.0)
    return _done(context)


async def _report(context: SyncRunContext, stream: str) -> None:
    """Show that an object is done, also when there was nothing to do."""
    async with context.commit() as uow:
        await runs.advance(
            uow, context.run_id, stream, context.of(stream), {}, context.link.requests
        )


async def _carry_out_deletions(context: SyncRunContext) -> bool:
    """True when this run is held: it would delete unusually much, and nobody has agreed."""
    unusual = {} if context.approved else await deletions.unusual_losses(context)
    if not unusual:
        await deletions.carry_out_deletions(context)
        return False
    async with context.commit() as uow:
        if await runs.is_held(uow, context.connection.id):
            return False
        held = {
            name: {"deletes": it.pending_deletion, "of": it.known} for name, it in unusual.items()
        }
        told = ", ".join(
            f"{it.pending_deletion} of {it.known} ({name})" for name, it in unusual.items()
        )
        await runs.hold(uow, context.run_id, held, f"Would delete {told}. Approve or reject it.")
    return True


def _partly(context: SyncRunContext) -> Literal["partial", "failed"]:
    return (
        "partial" if any(each.read or each.done for each in context.progress.values()) else "failed"
    )


def _stopped(context: SyncRunContext, stream: str, error: SystemTrouble) -> Ending:
    trouble = error.trouble
    reason = f"{stream}: {trouble.detail}"[:1000]
    if trouble.meaning == "reauth":
        return Ending("failed", reason, needs_reauth=True)
    wait = QUOTA_PAUSE if trouble.meaning == "quota" else trouble.wait or 0.0
    return Ending(_partly(context), reason, asked=wait)


def _done(context: SyncRunContext) -> Ending:
    rejected = sum(each.rejected for each in context.progress.values())
    warned = sum(each.warned for each in context.progress.values())
    told = []
    if rejected:
        told.append(f"{rejected} rows were rejected; see the rejected records.")
    if warned:
        told.append(
            f"{warned} rows came without a value that does not fit; see the warned records."
        )
    return Ending("partial" if rejected else "succeeded", " ".join(told) or None)


async def reject(uow: UnitOfWork, run_id: UUID) -> SyncRun:
    """Keep what a held run would delete."""
    run = await runs.decide_held(uow, run_id, approved=False)
    await source_records.unmark_for_deletion(uow, run.connection_id)
    audit.record(uow, "sync_run.rejected", run_id)
    return run


async def approve(uow: UnitOfWork, run_id: UUID) -> SyncRun:
    run = await runs.decide_held(uow, run_id, approved=True)
    audit.record(uow, "sync_run.approved", run_id)
    return run
