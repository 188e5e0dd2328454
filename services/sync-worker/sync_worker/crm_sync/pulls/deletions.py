"""What is gone in Salesforce goes here too; unusually much only when a person agrees."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sync_worker.crm_sync.pulls import queries
from sync_worker.crm_sync.pulls.rules import RELATIONS, Loss, State
from sync_worker.crm_sync.pulls.turn import Turn
from sync_worker.runner.runs import service as runs

_FEED_EVERY = timedelta(minutes=10)
_FEED_REACH = timedelta(days=14)
"""The log of deletions reaches 15 days back, less when there is much in it."""
_SHORTEST = timedelta(minutes=1)
_BATCH = 500
_PAUSE = 60.0


async def read_deletions(turn: Turn, sobject: str) -> None:
    """Ask the log of deletions now and then: what was purged from the recycle bin is in no query.

    When the log does not reach back far enough, the next run reads everything and compares.
    """
    async with turn.look() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        window = await queries.window(*at)
    now = await turn.client.now()
    since = window.deleted_until or window.cursor
    if since is None or now - since < _FEED_EVERY:
        return
    reaches = now - since < _FEED_REACH
    found = await turn.client.deletions(sobject, max(since, now - _FEED_REACH) - _SHORTEST, now)
    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        gone: State = "deleted" if sobject in RELATIONS else "doomed"
        contacts = await queries.doom(*at, found.ids, gone)
        await queries.make_contacts_stale(*at[:3], contacts)
        await queries.set_deleted_until(*at, max(found.covered_until, since))
        if not reaches or found.earliest > since:
            await queries.forget_scans(*at)


async def unusual_losses(turn: Turn) -> dict[str, Loss]:
    """Objects of which this run would delete suspiciously much, as when a permission was lost."""
    async with turn.look() as uow:
        found = await queries.losses(uow.session, uow.workspace_id, turn.connection.id)
    return {sobject: loss for sobject, loss in found.items() if loss.is_unusual}


async def carry_out_merges(turn: Turn, sobject: str) -> None:
    """Merge here what was merged there. Raises `AccountsAway` or `LostLease`."""
    while await _end_some(turn, sobject, merges=True):
        continue


async def carry_out_deletions(turn: Turn) -> None:
    """Who points goes before who is pointed to. Raises `AccountsAway` or `LostLease`."""
    for sobject in ("Opportunity", "Contact", "Account"):
        while await _end_some(turn, sobject, merges=False):
            continue


async def _end_some(turn: Turn, sobject: str, *, merges: bool) -> bool:
    """True when there may be more."""
    async with turn.look() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        doomed = await queries.doomed_records(*at, _BATCH, merges=merges)
    mapping = turn.mapping.of(sobject)
    if not doomed or mapping is None:
        return False
    endings = [_ending(external_id, winner) for external_id, winner in doomed]
    results = await turn.records.write(mapping.record_type, endings)
    outcomes = list(zip(doomed, results, strict=True))
    ended = [each for each, result in outcomes if result.status != "rejected"]
    more = {"merged" if merges else "deleted": len(ended)}
    progress = turn.of(sobject)
    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        for (external_id, _), result in outcomes:
            if result.status == "rejected":
                await queries.postpone_end(*at, external_id, result.reason(), _PAUSE)
        await queries.end_records(*at, [external_id for external_id, _ in ended])
        if merges:
            await queries.send_whole(*at, [winner for _, winner in ended if winner])
            progress.merged += len(ended)
        else:
            progress.deleted += len(ended)
        await runs.advance(uow, turn.run_id, sobject, progress, more, turn.client.requests)
    return len(doomed) == _BATCH


def _ending(external_id: str, winner: str | None) -> Mapping[str, Any]:
    if winner is None:
        return {"external_id": external_id, "deleted": True}
    return {"external_id": external_id, "merged_into_external_id": winner}
