"""Reads what changed, window by window of Salesforce's clock.

A window ends `lag` behind that clock and begins ten minutes before the last one ended, because a
row gets its stamp before its transaction commits. Inside a window rows come by (stamp, id); after
each handful the place is kept in the transaction that keeps the rows, so that a lost locator, a
lost worker or a lost network costs nothing but the handful under way.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.ids import new_id
from sync_worker.connectors.salesforce import service as salesforce
from sync_worker.connectors.salesforce.rules import soql
from sync_worker.connectors.salesforce.rules.mapping import ObjectMap, fields_to_read, hidden_fields
from sync_worker.connectors.salesforce.rules.values import parsed_instant
from sync_worker.connectors.salesforce.service import SalesforceError
from sync_worker.crm_sync.pulls import queries
from sync_worker.crm_sync.pulls.fits import fit_mapping
from sync_worker.crm_sync.pulls.queries import OpenWindow, Window
from sync_worker.crm_sync.pulls.rules import RELATIONS, State, readable
from sync_worker.crm_sync.pulls.taking import take
from sync_worker.crm_sync.pulls.turn import Turn

OVERLAP = timedelta(minutes=10)
HANDFUL = 500
_BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)
"""Salesforce is from March 1999."""
_SMALLEST_WINDOW = timedelta(minutes=1)
_MOST_RESTARTS = 5
"""How often in a row a locator may be lost without a row read in between."""
_BY_ID = 200
_SCHEMA_CHANGED = {"INVALID_FIELD", "INVALID_TYPE"}
"""What we remember of the object is out of date: a field was hidden or removed."""


async def read_object(turn: Turn, sobject: str) -> None:
    """Bring our copy of one object up to Salesforce's clock. Raises `SalesforceError`,
    `AccountsAway` or `LostLease`; what was dealt with until then stays dealt with.
    """
    fields = await _fields(turn, sobject, anew=turn.kind == "full")
    if fields is None:
        return
    lag = timedelta(seconds=turn.connection.settings.get("lag_seconds", 120))
    until = await turn.client.now() - lag
    restarts = 0
    looked_again = False
    while window := await _window(turn, sobject, until):
        try:
            await _read_part(turn, sobject, fields, window)
        except SalesforceError as error:
            meaning = error.trouble.meaning
            if meaning == "restart_window" and restarts < _MOST_RESTARTS:
                moved = (await _stored(turn, sobject)).after != window.after
                restarts = 0 if moved else restarts + 1
                continue
            if meaning == "smaller_window" and await _halve(turn, sobject, window):
                continue
            if error.trouble.code in _SCHEMA_CHANGED and not looked_again:
                looked_again = True
                fields = await _fields(turn, sobject, anew=True)
                if fields is None:
                    return
                continue
            raise
        await _close(turn, sobject, window)
        if window.high >= until:
            break
    turn.of(sobject).done = True


async def _fields(turn: Turn, sobject: str, *, anew: bool = False) -> list[str] | None:
    """What to read; None for an object that our user cannot see, which is noted."""
    progress = turn.of(sobject)
    described = await salesforce.fields_of(
        turn.service, turn.connection, turn.client, sobject, anew=anew
    )
    if described is None:
        progress.note = "Salesforce does not show this object to the connected user."
        progress.done = True
        return None
    if sobject in RELATIONS:
        return list(RELATIONS[sobject])
    visible = [each["name"] for each in described]
    fit = await fit_mapping(
        turn.records,
        _mapping(turn, sobject),
        described,
        make=turn.kind == "full",
        currency=turn.connection.currency,
    )
    turn.fitted[sobject] = fit.mapping
    notes = [message for _, _, message in fit.faults]
    hidden = hidden_fields(fit.mapping, visible)
    if hidden:
        notes.append(f"Hidden or gone, left as they are here: {', '.join(hidden)}.")
    progress.note = " ".join(notes) or progress.note
    return fields_to_read(fit.mapping, visible)


def _mapping(turn: Turn, sobject: str) -> ObjectMap:
    found = turn.mapping.of(sobject)
    if found is None:
        raise KeyError(sobject)
    return found


async def _stored(turn: Turn, sobject: str) -> Window:
    async with turn.look() as uow:
        return await queries.window(uow.session, uow.workspace_id, turn.connection.id, sobject)


async def _window(turn: Turn, sobject: str, until: datetime) -> OpenWindow | None:
    """The window under way, or a new one; None when there is nothing to read yet."""
    stored = await _stored(turn, sobject)
    under_way = stored.as_open()
    if under_way is not None and (under_way.scan_id is not None or not stored.needs_scan):
        return under_way
    low, scan_id = None, None
    if stored.needs_scan:
        scan_id = new_id()
    elif stored.cursor is not None:
        if until < stored.cursor:
            return None
        low = stored.cursor - OVERLAP
    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        await queries.open_window(*at, low, until, scan_id)
    return OpenWindow(low, until, until, None, scan_id)


async def _halve(turn: Turn, sobject: str, window: OpenWindow) -> bool:
    """Ask for less after a query that took too long; False when there is no less to ask for."""
    low = window.after[0] if window.after else window.low or _BEGINNING
    if window.high - low <= _SMALLEST_WINDOW:
        return False
    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        await queries.shrink_window(*at, low + (window.high - low) / 2)
    return True


async def _read_part(turn: Turn, sobject: str, fields: Sequence[str], window: OpenWindow) -> None:
    query = soql.changed_within(sobject, fields, window.low, window.high, window.after)
    async for page in turn.client.pages(query):
        # A row that changed since the query began comes again in the next window.
        rows = [row for row in _readable(turn, sobject, page) if _stamp(row) <= window.high]
        for at in range(0, len(rows), HANDFUL):
            handful = rows[at : at + HANDFUL]
            await take(turn, sobject, handful, within=window)


def _readable(turn: Turn, sobject: str, page: Sequence[Any]) -> list[Mapping[str, Any]]:
    rows = readable(page)
    if len(rows) < len(page):
        turn.of(
            sobject
        ).note = f"{len(page) - len(rows)} rows say no Id or SystemModstamp that can be read."
    return rows


def _stamp(row: Mapping[str, Any]) -> datetime:
    return parsed_instant(str(row["SystemModstamp"]))


async def _close(turn: Turn, sobject: str, window: OpenWindow) -> None:
    """The part has been dealt with; after a scan, what it did not meet is gone there."""
    async with turn.commit() as uow:
        at = uow.session, uow.workspace_id, turn.connection.id, sobject
        await queries.close_window(*at)
        if window.scan_id is not None and window.high == window.until and sobject != "User":
            gone: State = "deleted" if sobject in RELATIONS else "doomed"
            contacts = await queries.doom_absent(*at, window.scan_id, gone)
            await queries.make_contacts_stale(*at[:3], contacts)


async def read_again(turn: Turn, sobject: str) -> None:
    """Rows that were refused before and whose time has come, and rows whose surroundings changed:
    read anew, each by its id.
    """
    fields = await _fields(turn, sobject)
    if fields is None:
        return
    seen: set[str] = set()
    while True:
        async with turn.look() as uow:
            at = uow.session, uow.workspace_id, turn.connection.id, sobject
            found = await queries.records_to_read_again(*at, turn.started_at, _BY_ID)
        ids = [each for each in found if each not in seen]
        if not ids:
            return
        seen.update(ids)
        rows = _readable(turn, sobject, await turn.client.rows(soql.by_ids(sobject, fields, ids)))
        await take(turn, sobject, rows, again=True)
        purged = set(ids) - {str(row["Id"]) for row in rows}
        if purged:
            async with turn.commit() as uow:
                at = uow.session, uow.workspace_id, turn.connection.id, sobject
                await queries.doom(*at, sorted(purged), "doomed")
