"""The loop that pulls from Salesforce: claims connections that are due and gives each its turn."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from shared.batches import reason_of
from shared.db import is_connection_loss
from shared.logging import get_logger
from shared.service import Service
from shared.uow import UnitOfWork
from shared.worker import Loop
from sync_worker.connections import service as connections
from sync_worker.connections.service import Claim
from sync_worker.connectors.salesforce import service as salesforce
from sync_worker.crm_sync.pulls import service
from sync_worker.crm_sync.pulls.service import Ending, LostLease, Turn
from sync_worker.crm_sync.pulls.turn import LEASE_SECONDS
from sync_worker.runner.runs import service as runs
from sync_worker.runner.turns.service import begun
from sync_worker.worker_pool import WorkerPool

log = get_logger(__name__)

_HEARTBEAT = LEASE_SECONDS / 3


async def take_turn(the_service: Service, claim: Claim) -> None:
    """One run of one connection, from the claim to the release. What nobody foresaw costs this run
    alone, and is shown as its reason.
    """
    turn = await begun(the_service, claim, lambda uow: _turn(uow, the_service, claim))
    if turn is None:
        return
    try:
        async with _kept_alive(turn):
            await _end(turn, await _pulled(turn))
    except LostLease:
        await _stop(turn)


async def _pulled(turn: Turn) -> Ending | None:
    try:
        return await service.pull(turn)
    except Exception as error:
        if isinstance(error, LostLease) or is_connection_loss(error):
            raise
        log.exception("sync run failed", run_id=str(turn.run_id))
        return Ending("failed", reason_of(error))


async def _turn(uow: UnitOfWork, the_service: Service, claim: Claim) -> Turn | None:
    opened = await connections.open_connection(uow, the_service.secrets, claim.connection_id)
    run = await runs.take_run(uow, opened.id, opened.system, service.SCAN_EVERY)
    if run is None:
        await connections.release(uow, claim, trouble="The last run was given up.")
        return None
    await salesforce.tell_owners(uow, opened)
    if run.kind == "full" and run.cause and run.attempt == 1:
        await service.read_everything(uow, opened.id)
    return Turn(
        service=the_service,
        claim=claim,
        run_id=run.id,
        kind="full" if run.kind == "full" else "incremental",
        approved=run.approved,
        started_at=await connections.machine_now(uow),
        connection=opened,
        client=salesforce.salesforce_of(the_service, opened),
        mapping=salesforce.mapping_of(opened),
        locale=salesforce.locale_of(opened),
        cause=runs.cause_of(run, opened),
    )


async def _end(turn: Turn, ending: Ending | None) -> None:
    async with turn.commit() as uow:
        await service.count_troubled(uow, turn.connection.id)
        if ending is None:
            await connections.release(uow, turn.claim, trouble=None, full=turn.kind == "full")
            return
        done = all(each.done for each in turn.progress.values())
        retry_in = await connections.release(
            uow,
            turn.claim,
            trouble=ending.trouble,
            again=await runs.is_waiting(uow, turn.connection.id),
            full=turn.kind == "full" and done and ending.trouble is None,
            asked=ending.asked,
        )
        if ending.needs_reauth:
            await connections.needs_reauth(uow, turn.connection.id, ending.reason or "")
            retry_in = None
        await runs.finish_run(
            uow,
            turn.run_id,
            ending.status,
            ending.reason,
            retry_in if ending.status != "succeeded" else None,
        )
    log.info("sync run ended", run_id=str(turn.run_id), status=ending.status)


async def _stop(turn: Turn) -> None:
    """The lease is gone. If nobody will take the run up again, it ends here."""
    async with turn.service.units.begin(turn.connection.workspace_id, turn.cause) as uow:
        if await connections.is_readable(uow, turn.connection.id):
            return
        await runs.finish_run(uow, turn.run_id, "partial", "The connection was stopped.")


@contextlib.asynccontextmanager
async def _kept_alive(turn: Turn) -> AsyncIterator[None]:
    """Renews the lease while one answer is long in coming."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT)
            try:
                async with turn.commit():
                    pass
            except Exception as error:  # noqa: BLE001  (who writes next will find out)
                log.info("lease not renewed", error=type(error).__name__)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def _claim(the_service: Service, free: int) -> list[Claim]:
    return await connections.claim_due(the_service, "salesforce", free, LEASE_SECONDS)


def loop() -> Loop:
    """Three connections at a time: most of a run is waiting for Salesforce."""
    pool = WorkerPool("pull", _claim, take_turn, concurrency=3)
    return Loop("salesforce", pool.step)
