"""What is gone there goes here too; unusually much only when a person agrees."""

from collections.abc import Mapping
from typing import Any

from sync_worker.crm_sync.inbound.context import SyncRunContext
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.source_records.rules import Loss
from sync_worker.crm_sync.translation.document import becomes
from sync_worker.runner.runs import service as runs

_BATCH = 500
_PAUSE = 60.0


async def unusual_losses(context: SyncRunContext) -> dict[str, Loss]:
    """Objects of which this run would delete suspiciously much, as when a permission was lost."""
    async with context.read_only() as uow:
        found = await source_records.losses(uow, context.connection.id, _ending(context))
    return {stream: loss for stream, loss in found.items() if loss.is_unusual}


async def carry_out_merges(context: SyncRunContext, stream: str) -> None:
    """Merge here what was merged there. Raises `AccountsAway` or `LostLease`."""
    while await _end_some(context, stream, merges=True):
        continue


async def carry_out_deletions(context: SyncRunContext) -> None:
    """Who points goes before who is pointed to. Raises `AccountsAway` or `LostLease`."""
    for stream in reversed(_ending(context)):
        while await _end_some(context, stream, merges=False):
            continue


def _ending(context: SyncRunContext) -> list[str]:
    """Streams whose rows may end here. Members do not: who left says so."""
    return [name for name, kind in becomes(context.connector.spec).items() if kind != "member"]


async def _end_some(context: SyncRunContext, stream: str, *, merges: bool) -> bool:
    """True when there may be more."""
    async with context.read_only() as uow:
        at = uow, context.connection.id, stream
        pending = await source_records.records_pending_deletion(*at, _BATCH, merges=merges)
    mapping = context.mapping.of(stream)
    if not pending or mapping is None:
        return False
    endings = [_ended(each.external_id, each.merged_into) for each in pending]
    results = await context.records.write(mapping.record_type, endings)
    outcomes = list(zip(pending, results, strict=True))
    ended = [each for each, result in outcomes if result.status != "rejected"]
    more = {"merged" if merges else "deleted": len(ended)}
    progress = context.of(stream)
    async with context.commit() as uow:
        at = uow, context.connection.id, stream
        for each, result in outcomes:
            if result.status == "rejected":
                await source_records.postpone_end(*at, each.external_id, result.reason(), _PAUSE)
        await source_records.end_records(*at, [each.external_id for each in ended])
        if merges:
            winners = [each.merged_into for each in ended if each.merged_into]
            await source_records.send_whole(*at, winners)
            progress.merged += len(ended)
        else:
            progress.deleted += len(ended)
        await runs.advance(uow, context.run_id, stream, progress, more, context.link.requests)
    return len(pending) == _BATCH


def _ended(external_id: str, winner: str | None) -> Mapping[str, Any]:
    if winner is None:
        return {"external_id": external_id, "deleted": True}
    return {"external_id": external_id, "merged_into_external_id": winner}
