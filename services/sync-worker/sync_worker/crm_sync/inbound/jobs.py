"""The loop that reads records: claims connections that are due and gives each its context."""

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
from sync_worker.connectors import registry
from sync_worker.crm_sync.inbound import service
from sync_worker.crm_sync.inbound.context import SyncRunContext
from sync_worker.crm_sync.inbound.service import Ending
from sync_worker.crm_sync.records.service import QuietBatch
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.translation.document import mapping_of, owned_fields
from sync_worker.crm_sync.translation.transforms import locale_of
from sync_worker.links.service import HttpLink
from sync_worker.runner.runs import service as runs
from sync_worker.runner.streams import service as streams
from sync_worker.runner.turns.context import LEASE_SECONDS, LostLease
from sync_worker.runner.turns.service import begun
from sync_worker.worker_pool import WorkerPool

log = get_logger(__name__)

_HEARTBEAT = LEASE_SECONDS / 3


async def take_turn(the_service: Service, claim: Claim) -> None:
    """One run of one connection, from the claim to the release. What nobody foresaw costs this run
    alone, and is shown as its reason.
    """
    context = await begun(the_service, claim, lambda uow: _begin(uow, the_service, claim))
    if context is None:
        return
    try:
        async with _kept_alive(context):
            await _end(context, await _pulled(context))
    except LostLease:
        await _stop(context)


async def _pulled(context: SyncRunContext) -> Ending | None:
    try:
        return await service.pull(context)
    except Exception as error:
        if isinstance(error, LostLease) or is_connection_loss(error):
            raise
        log.exception("sync run failed", run_id=str(context.run_id))
        return Ending("failed", reason_of(error))


async def _begin(uow: UnitOfWork, the_service: Service, claim: Claim) -> SyncRunContext | None:
    opened = await connections.open_connection(uow, the_service.secrets, claim.connection_id)
    connector = registry.record_connector(opened.system)
    mapping = mapping_of(connector.spec, opened.mapping)
    first_pull = opened.settings.get("first_pull", "quiet")
    run = await runs.take_run(uow, opened.id, opened.system, streams.SCAN_EVERY, first_pull)
    if run is None:
        await connections.release(uow, claim, trouble="The last run was given up.")
        return None
    await connections.tell_owners(uow, opened.id, owned_fields(connector.spec, mapping))
    if run.kind == "full" and run.cause and run.attempt == 1:
        await streams.read_everything(uow, opened.id)
    return SyncRunContext(
        service=the_service,
        claim=claim,
        run_id=run.id,
        kind="full" if run.kind == "full" else "incremental",
        approved=run.approved,
        started_at=await uow.machine_now(),
        connection=opened,
        connector=connector,
        link=HttpLink(the_service, opened, connector),
        mapping=mapping,
        locale=locale_of(opened.currency, opened.time_zone),
        cause=runs.cause_of(run, opened),
        quiet=QuietBatch(run.quiet_batch_id, opened.title) if run.quiet_batch_id else None,
    )


async def _end(context: SyncRunContext, ending: Ending | None) -> None:
    async with context.commit() as uow:
        await source_records.count_troubled(uow, context.connection.id)
        if ending is None:
            await connections.release(uow, context.claim, trouble=None, full=context.kind == "full")
            return
        done = all(each.done for each in context.progress.values())
        retry_in = await connections.release(
            uow,
            context.claim,
            trouble=ending.trouble,
            again=await runs.is_waiting(uow, context.connection.id),
            full=context.kind == "full" and done and ending.trouble is None,
            asked=ending.asked,
        )
        if ending.needs_reauth:
            await connections.needs_reauth(uow, context.connection.id, ending.reason or "")
            retry_in = None
        await runs.finish_run(
            uow,
            context.run_id,
            ending.status,
            ending.reason,
            retry_in if ending.status != "succeeded" else None,
        )
    log.info("sync run ended", run_id=str(context.run_id), status=ending.status)


async def _stop(context: SyncRunContext) -> None:
    """The lease is gone. If nobody will take the run up again, it ends here."""
    async with context.service.units.begin(context.connection.workspace_id, context.cause) as uow:
        if await connections.is_readable(uow, context.connection.id):
            return
        await runs.finish_run(uow, context.run_id, "partial", "The connection was stopped.")


@contextlib.asynccontextmanager
async def _kept_alive(context: SyncRunContext) -> AsyncIterator[None]:
    """Renews the lease while one answer is long in coming."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT)
            try:
                async with context.commit():
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
    return await connections.claim_due(the_service, registry.record_systems(), free, LEASE_SECONDS)


def loop() -> Loop:
    """Three connections at a time: most of a run is waiting for the other system."""
    pool = WorkerPool("pull", _claim, take_turn, concurrency=3)
    return Loop("records", pool.step)
