from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.connections import service as connections
from sync_worker.connectors.salesforce.service import SalesforceError
from sync_worker.crm_sync.pulls import deletions, queries, windows
from sync_worker.crm_sync.pulls.fits import targets_of
from sync_worker.crm_sync.pulls.rules import RELATIONS
from sync_worker.crm_sync.pulls.sampling import sample
from sync_worker.crm_sync.pulls.turn import LostLease, Turn
from sync_worker.crm_sync.records import service as records
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.service import SyncRun

__all__ = ["SCAN_EVERY", "LostLease", "Turn", "sample", "targets_of"]

SCAN_EVERY = queries.SCAN_EVERY

READ_ORDER = ("User", "Account", *RELATIONS, "Contact", "Opportunity")
"""Who is pointed to comes before who points; relations become part of contacts."""
_QUOTA_PAUSE = 900.0


@dataclass(frozen=True)
class Ending:
    """How a run ends, if it is not held."""

    status: Literal["succeeded", "partial", "failed"]
    reason: str | None = None
    needs_reauth: bool = False
    asked: float | None = None
    """Seconds that Salesforce wants to be left alone."""

    @property
    def trouble(self) -> str | None:
        """What the connection suffers from. Rows set aside are the rows' trouble, not its."""
        return self.reason if self.status == "failed" or self.asked is not None else None


async def pull(turn: Turn) -> Ending | None:
    """Bring our copy up to date; None when the run is held for a person.

    Stops at the first object that cannot be read to the end, because the next ones may point to
    what it did not deliver. Raises `LostLease`.
    """
    sobject = "the connection"
    try:
        for sobject in _objects(turn):
            await windows.read_object(turn, sobject)
            if sobject != "User":
                await deletions.read_deletions(turn, sobject)
            if sobject not in RELATIONS:
                await deletions.carry_out_merges(turn, sobject)
                await windows.read_again(turn, sobject)
            await _report(turn, sobject)
        sobject = "deletions"
        if await _carry_out_deletions(turn):
            return None
    except SalesforceError as error:
        return _stopped(turn, sobject, error)
    except records.AccountsAway as error:
        return Ending(_partly(turn), f"{sobject}: {error}", asked=0.0)
    return _done(turn)


async def _report(turn: Turn, sobject: str) -> None:
    """Show that an object is done, also when there was nothing to do."""
    async with turn.commit() as uow:
        await runs.advance(uow, turn.run_id, sobject, turn.of(sobject), {}, turn.client.requests)


def _objects(turn: Turn) -> Sequence[str]:
    mapped = {each.object for each in turn.mapping.objects}
    if "Contact" in mapped:
        mapped |= RELATIONS.keys()
    return [sobject for sobject in READ_ORDER if sobject in mapped]


async def _carry_out_deletions(turn: Turn) -> bool:
    """True when this run is held: it would delete unusually much, and nobody has agreed."""
    unusual = {} if turn.approved else await deletions.unusual_losses(turn)
    if not unusual:
        await deletions.carry_out_deletions(turn)
        return False
    async with turn.commit() as uow:
        if await runs.is_held(uow, turn.connection.id):
            return False
        held = {name: {"deletes": it.doomed, "of": it.known} for name, it in unusual.items()}
        told = ", ".join(f"{it.doomed} of {it.known} ({name})" for name, it in unusual.items())
        await runs.hold(uow, turn.run_id, held, f"Would delete {told}. Approve or reject it.")
    return True


def _partly(turn: Turn) -> Literal["partial", "failed"]:
    return "partial" if any(each.read or each.done for each in turn.progress.values()) else "failed"


def _stopped(turn: Turn, sobject: str, error: SalesforceError) -> Ending:
    trouble = error.trouble
    reason = f"{sobject}: {trouble.detail}"[:1000]
    if trouble.meaning == "reauth":
        return Ending("failed", reason, needs_reauth=True)
    wait = _QUOTA_PAUSE if trouble.meaning == "quota" else trouble.wait or 0.0
    return Ending(_partly(turn), reason, asked=wait)


def _done(turn: Turn) -> Ending:
    parked = sum(each.parked for each in turn.progress.values())
    warned = sum(each.warned for each in turn.progress.values())
    told = []
    if parked:
        told.append(f"{parked} rows were set aside; see the parked records.")
    if warned:
        told.append(
            f"{warned} rows came without a value that does not fit; see the warned records."
        )
    return Ending("partial" if parked else "succeeded", " ".join(told) or None)


async def reject(uow: UnitOfWork, run_id: UUID) -> SyncRun:
    """Keep what a held run would delete."""
    run = await runs.decide_held(uow, run_id, approved=False)
    await queries.spare_doomed(uow.session, uow.workspace_id, run.connection_id)
    audit.record(uow, "sync_run.rejected", run_id)
    return run


async def approve(uow: UnitOfWork, run_id: UUID) -> SyncRun:
    run = await runs.decide_held(uow, run_id, approved=True)
    audit.record(uow, "sync_run.approved", run_id)
    return run


async def list_parked(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Any]:
    await connections.get_connection(uow, connection_id)
    return await queries.parked_page(
        uow.session, uow.workspace_id, connection_id, sobject, after or ("", ""), limit
    )


async def list_warned(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Any]:
    await connections.get_connection(uow, connection_id)
    return await queries.warned_page(
        uow.session, uow.workspace_id, connection_id, sobject, after or ("", ""), limit
    )


async def count_troubled(uow: UnitOfWork, connection_id: UUID) -> None:
    """Let the connection show what its records lack."""
    parked, warned = await queries.count_troubled(uow.session, uow.workspace_id, connection_id)
    await connections.count_troubled(uow, connection_id, parked=parked, warned=warned)


async def retry_parked(uow: UnitOfWork, connection_id: UUID, sobject: str | None) -> SyncRun:
    """Try what was set aside, and values that did not fit, again by a run that starts now."""
    await connections.get_connection(uow, connection_id)
    of = uow.session, uow.workspace_id, connection_id, sobject
    await queries.retry_parked(*of)
    await queries.send_left_out_again(*of)
    return await runs.request_run(uow, connection_id, "incremental")


async def read_everything(uow: UnitOfWork, connection_id: UUID) -> None:
    """All rows are read again, by the next run or the one that begins."""
    await queries.forget_scans(uow.session, uow.workspace_id, connection_id)
