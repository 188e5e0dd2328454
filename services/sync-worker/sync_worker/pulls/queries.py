from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.pulls.rules import Known, Loss, State
from sync_worker.salesforce.rules.mapping import Content


@dataclass(frozen=True)
class Window:
    """How far an object has been read; see the table."""

    cursor: datetime | None = None
    low: datetime | None = None
    high: datetime | None = None
    until: datetime | None = None
    last_modstamp: datetime | None = None
    last_id: str | None = None
    scan_id: UUID | None = None
    deleted_until: datetime | None = None
    needs_scan: bool = True

    @property
    def after(self) -> tuple[datetime, str] | None:
        if self.last_modstamp is None or self.last_id is None:
            return None
        return self.last_modstamp, self.last_id

    def as_open(self) -> "OpenWindow | None":
        if self.high is None or self.until is None:
            return None
        return OpenWindow(self.low, self.high, self.until, self.after, self.scan_id)


@dataclass(frozen=True)
class OpenWindow:
    """The part of a window that is being read."""

    low: datetime | None
    high: datetime
    until: datetime
    after: tuple[datetime, str] | None
    scan_id: UUID | None


@dataclass(frozen=True)
class Kept:
    """A row for `source_records`."""

    external_id: str
    modstamp: datetime
    hash: bytes
    content: Content
    state: State
    reason: str | None = None
    parent_id: str | None = None
    merged_into: str | None = None
    record_id: UUID | None = None
    retry_in: float | None = None


_WINDOW = text(
    """
    select cursor, low, high, until, last_modstamp, last_id, scan_id, deleted_until,
           scanned_at is null or cursor is null
             or scanned_at < clock_timestamp() - make_interval(secs => :scan_every) as needs_scan
    from sync_windows
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_OPEN = text(
    """
    insert into sync_windows (workspace_id, connection_id, object, low, high, until, scan_id)
    values (:workspace_id, :connection_id, :object, :low, :until, :until, :scan_id)
    on conflict (workspace_id, connection_id, object) do update
    set low = excluded.low, high = excluded.high, until = excluded.until,
        scan_id = excluded.scan_id,
        last_modstamp = null, last_id = null, updated_at = clock_timestamp()
    """
)
_SHRINK = text(
    """
    update sync_windows set high = :high, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_MOVE = text(
    """
    update sync_windows
    set last_modstamp = :modstamp, last_id = :id, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_CLOSE = text(
    """
    update sync_windows
    set cursor = greatest(cursor, high),
        deleted_until = case when high = until and scan_id is not null then high
                        else deleted_until end,
        scanned_at = case when high = until and scan_id is not null then clock_timestamp()
                     else scanned_at end,
        scan_id = case when high < until then scan_id end,
        low = case when high < until then high end,
        high = case when high < until then until end,
        until = case when high < until then until end,
        last_modstamp = null, last_id = null, updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)
_DELETED_UNTIL = text(
    """
    update sync_windows set deleted_until = :until
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
    """
)


_FORGET_SCANS = text(
    """
    update sync_windows set scanned_at = null
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (cast(:object as text) is null or object = :object)
    """
)
SCAN_EVERY = 86_400.0
"""Seconds after which all rows are read again: values that change without a stamp (formulas), and
rows that vanished without a word."""


def _at(workspace_id: UUID, connection_id: UUID, sobject: str) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject}


async def window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str
) -> Window:
    where = _at(workspace_id, connection_id, sobject)
    found = await session.execute(_WINDOW, {**where, "scan_every": SCAN_EVERY})
    row = found.mappings().one_or_none()
    return Window() if row is None else Window(**row)


async def open_window(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    low: datetime | None,
    until: datetime,
    scan_id: UUID | None,
) -> None:
    where = _at(workspace_id, connection_id, sobject)
    await session.execute(_OPEN, {**where, "low": low, "until": until, "scan_id": scan_id})


async def shrink_window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str, high: datetime
) -> None:
    await session.execute(_SHRINK, {**_at(workspace_id, connection_id, sobject), "high": high})


async def move_window(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    modstamp: datetime,
    last_id: str,
) -> None:
    where = _at(workspace_id, connection_id, sobject)
    await session.execute(_MOVE, {**where, "modstamp": modstamp, "id": last_id})


async def close_window(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str
) -> None:
    """End the part under way: the next part begins where it ended, or the window is done."""
    await session.execute(_CLOSE, _at(workspace_id, connection_id, sobject))


async def forget_scans(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str | None = None
) -> None:
    """Ask for all rows of one object, or of all of them, to be read again."""
    await session.execute(
        _FORGET_SCANS,
        {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject},
    )


async def set_deleted_until(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str, until: datetime
) -> None:
    await session.execute(
        _DELETED_UNTIL, {**_at(workspace_id, connection_id, sobject), "until": until}
    )


_KNOWN = text(
    """
    select s.external_id, s.modstamp, s.hash, s.state, s.attempts,
           case when s.hash = given.hash then null else s.content end as content
    from unnest(cast(:ids as text[]), cast(:hashes as bytea[])) as given(id, hash)
    join source_records s
      on s.workspace_id = :workspace_id and s.connection_id = :connection_id
     and s.object = :object and s.external_id = given.id
    """
)


async def known_records(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    hashes: Mapping[str, bytes],
) -> dict[str, Known]:
    """What we kept of these records; the content only where its hash differs from the given."""
    rows = await session.execute(
        _KNOWN,
        {
            **_at(workspace_id, connection_id, sobject),
            "ids": list(hashes),
            "hashes": list(hashes.values()),
        },
    )
    return {
        row.external_id: Known(row.modstamp, bytes(row.hash), row.content, row.state, row.attempts)
        for row in rows
    }


_KEEP = text(
    """
    insert into source_records as s (workspace_id, connection_id, object, external_id, modstamp,
        hash, content, parent_id, record_id, state, reason, merged_into, attempts, retry_at,
        scan_id)
    select cast(:workspace_id as uuid), cast(:connection_id as uuid), cast(:object as text),
           k.external_id, k.modstamp, decode(k.hash, 'hex'), k.content, k.parent_id,
           k.record_id, k.state, k.reason, k.merged_into,
           case when k.state = 'parked' then 1 else 0 end,
           clock_timestamp() + make_interval(secs => k.retry_in), cast(:scan_id as uuid)
    from jsonb_to_recordset(cast(:rows as jsonb)) as k(external_id text, modstamp timestamptz,
         hash text, content jsonb, parent_id text, record_id uuid, state text, reason text,
         merged_into text, retry_in double precision)
    on conflict (workspace_id, connection_id, object, external_id) do update
    set modstamp = excluded.modstamp, hash = excluded.hash,
        content = case when excluded.state in ('doomed', 'parked') and excluded.content = '{}'
                       then s.content else s.content || excluded.content end,
        parent_id = coalesce(excluded.parent_id, s.parent_id),
        record_id = coalesce(excluded.record_id, s.record_id),
        state = excluded.state, reason = excluded.reason,
        merged_into = excluded.merged_into,
        attempts = case when excluded.state = 'parked' then s.attempts + 1 else 0 end,
        retry_at = excluded.retry_at,
        scan_id = coalesce(excluded.scan_id, s.scan_id), updated_at = clock_timestamp()
    """
)
_SEEN = text(
    """
    update source_records r
    set modstamp = greatest(r.modstamp, seen.modstamp),
        hash = case when r.modstamp <= seen.modstamp then seen.hash else r.hash end,
        scan_id = coalesce(cast(:scan_id as uuid), r.scan_id),
        state = case when r.state in ('stale', 'doomed') and r.modstamp <= seen.modstamp
                     then 'synced' else r.state end,
        merged_into = case when r.modstamp <= seen.modstamp then null else r.merged_into end
    from unnest(cast(:ids as text[]), cast(:modstamps as timestamptz[]), cast(:hashes as bytea[]))
         as seen(id, modstamp, hash)
    where r.workspace_id = :workspace_id and r.connection_id = :connection_id
      and r.object = :object and r.external_id = seen.id
      and r.state in ('synced', 'parked', 'stale', 'doomed')
      and (r.modstamp < seen.modstamp or r.hash <> seen.hash or r.state in ('stale', 'doomed')
           or cast(:scan_id as uuid) is not null)
    """
)


async def keep_records(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    rows: Sequence[Kept],
    scan_id: UUID | None,
) -> None:
    """Content is laid over what was there: a field that could not be read keeps its last value."""
    if not rows:
        return
    given = [{**vars(row), "hash": row.hash.hex()} for row in rows]
    await session.execute(
        _KEEP,
        {
            **_at(workspace_id, connection_id, sobject),
            "rows": to_json(given).decode(),
            "scan_id": scan_id,
        },
    )


async def mark_seen(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    seen: Sequence[tuple[str, datetime, bytes]],
    scan_id: UUID | None,
) -> None:
    """Rows that are as we know them. One that we meant to delete is there after all."""
    if not seen:
        return
    await session.execute(
        _SEEN,
        {
            **_at(workspace_id, connection_id, sobject),
            "ids": [each[0] for each in seen],
            "modstamps": [each[1] for each in seen],
            "hashes": [each[2] for each in seen],
            "scan_id": scan_id,
        },
    )


_MEMBERS = text(
    """
    select external_id,
           case when coalesce((content ->> 'active')::boolean, true) then record_id end as member
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = 'User'
      and external_id = any(:ids) and record_id is not null
    """
)


async def members_by_user(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, ids: Sequence[str]
) -> dict[str, UUID | None]:
    """None for a user who has left: what such a user owns there, nobody holds here."""
    rows = await session.execute(
        _MEMBERS, {"workspace_id": workspace_id, "connection_id": connection_id, "ids": list(ids)}
    )
    return {row.external_id: row.member for row in rows}


_RELATIONS = text(
    """
    select parent_id, content from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and object in ('AccountContactRelation', 'OpportunityContactRole')
      and parent_id = any(:contacts) and state = 'synced'
    """
)
_STALE = text(
    """
    update source_records set state = 'stale'
    where workspace_id = :workspace_id and connection_id = :connection_id and object = 'Contact'
      and external_id = any(:contacts) and state = 'synced'
    """
)


async def relations_of(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, contacts: Sequence[str]
) -> dict[str, list[Content]]:
    rows = await session.execute(
        _RELATIONS,
        {
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "contacts": list(contacts),
        },
    )
    found: dict[str, list[Content]] = {}
    for row in rows:
        found.setdefault(row.parent_id, []).append(row.content)
    return found


async def make_contacts_stale(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, contacts: Sequence[str]
) -> None:
    await session.execute(
        _STALE,
        {
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "contacts": list(contacts),
        },
    )


_AGAIN = text(
    """
    select external_id from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and (state = 'stale' or state = 'parked' and retry_at <= :before)
    order by external_id limit :limit
    """
)
_DOOM_ABSENT = text(
    """
    update source_records set state = :state, reason = null
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and scan_id is distinct from :scan_id and state in ('synced', 'parked', 'stale')
    returning parent_id
    """
)
_DOOM = text(
    """
    update source_records set state = :state
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state in ('synced', 'parked', 'stale')
    returning parent_id
    """
)
_SPARE = text(
    """
    update source_records set state = 'synced', merged_into = null
    where workspace_id = :workspace_id and connection_id = :connection_id and state = 'doomed'
    """
)
_LOSSES = text(
    """
    select object, count(*) filter (where state = 'doomed' and merged_into is null) as doomed,
           count(*) as known
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and state in ('synced', 'parked', 'stale', 'doomed')
      and object in ('Account', 'Contact', 'Opportunity')
    group by object
    """
)
_DOOMED = text(
    """
    select external_id, merged_into from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and state = 'doomed' and (merged_into is not null) = :merges
      and (retry_at is null or retry_at <= clock_timestamp())
    order by external_id limit :limit
    """
)
_END = text(
    """
    update source_records
    set state = case when merged_into is null then 'deleted' else 'merged' end, reason = null,
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state = 'doomed'
    """
)
_POSTPONE = text(
    """
    update source_records
    set attempts = attempts + 1, reason = :reason,
        merged_into = case when attempts < 3 then merged_into end,
        retry_at = clock_timestamp() + make_interval(secs => :seconds)
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = :id and state = 'doomed'
    """
)


async def records_to_read_again(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    before: datetime,
    limit: int,
) -> list[str]:
    """Stale ones, and parked ones whose time has come `before` an instant."""
    where = _at(workspace_id, connection_id, sobject)
    given = {**where, "before": before, "limit": limit}
    return list((await session.scalars(_AGAIN, given)).all())


_PARKED = text(
    """
    select object, external_id, content ->> 'name' as name, reason, attempts, retry_at, updated_at
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (state = 'parked' or state = 'doomed' and reason is not null)
      and (cast(:object as text) is null or object = :object)
      and (object, external_id) > (:after_object, :after_id)
    order by object, external_id limit :limit
    """
)
_UNPARK = text(
    """
    update source_records set retry_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id
      and state in ('parked', 'doomed')
      and (cast(:object as text) is null or object = :object)
    """
)


async def parked_page(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[Any]:
    rows = await session.execute(
        _PARKED,
        {
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "object": sobject,
            "after_object": after[0],
            "after_id": after[1],
            "limit": limit + 1,
        },
    )
    return rows.all()


async def retry_parked(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str | None
) -> int:
    done = await session.execute(
        _UNPARK,
        {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def doom_absent(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    scan_id: UUID,
    state: State,
) -> list[str]:
    """After a complete scan: what it did not meet is gone. Returns whom it belonged to."""
    where = _at(workspace_id, connection_id, sobject)
    rows = await session.scalars(_DOOM_ABSENT, {**where, "scan_id": scan_id, "state": state})
    return [parent for parent in rows if parent is not None]


async def doom(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
    state: State,
) -> list[str]:
    where = _at(workspace_id, connection_id, sobject)
    rows = await session.scalars(_DOOM, {**where, "ids": list(ids), "state": state})
    return [parent for parent in rows if parent is not None]


async def spare_doomed(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> None:
    await session.execute(_SPARE, {"workspace_id": workspace_id, "connection_id": connection_id})


async def losses(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> dict[str, Loss]:
    rows = await session.execute(
        _LOSSES, {"workspace_id": workspace_id, "connection_id": connection_id}
    )
    return {row.object: Loss(row.doomed, row.known) for row in rows}


async def doomed_records(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    limit: int,
    *,
    merges: bool,
) -> list[tuple[str, str | None]]:
    """Ids of deleted records, or of merged ones with what they were merged into."""
    where = _at(workspace_id, connection_id, sobject)
    rows = await session.execute(_DOOMED, {**where, "limit": limit, "merges": merges})
    return [(row.external_id, row.merged_into) for row in rows]


_SEND_WHOLE = text(
    """
    update source_records set state = 'stale', hash = '', content = '{}'
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state in ('synced', 'stale')
    """
)


async def send_whole(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
) -> None:
    """Records that a merge has filled up here: what Salesforce says of them counts."""
    where = _at(workspace_id, connection_id, sobject)
    await session.execute(_SEND_WHOLE, {**where, "ids": list(ids)})


async def end_records(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
) -> None:
    await session.execute(_END, {**_at(workspace_id, connection_id, sobject), "ids": list(ids)})


async def postpone_end(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    external_id: str,
    reason: str,
    seconds: float,
) -> None:
    """Try to end it later. A merge whose winner cannot be found becomes a plain deletion."""
    await session.execute(
        _POSTPONE,
        {
            **_at(workspace_id, connection_id, sobject),
            "id": external_id,
            "reason": reason,
            "seconds": seconds,
        },
    )
