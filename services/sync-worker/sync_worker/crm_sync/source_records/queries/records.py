"""What their system last said of each record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.uow import UnitOfWork
from sync_worker.crm_sync.source_records.rules import KnownRecord, State
from sync_worker.crm_sync.translation.fold import Content, LeftOut


@dataclass(frozen=True)
class Kept:
    """A row for `source_records`."""

    external_id: str
    modstamp: datetime
    hash: bytes
    content: Content
    state: State
    reason: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    parent_id: str | None = None
    merged_into: str | None = None
    record_id: UUID | None = None
    retry_in: float | None = None


_KNOWN = text(
    """
    select s.external_id, s.modstamp, s.hash, s.state, s.attempts, s.left_out,
           case when s.hash = given.hash then null else s.content end as content
    from unnest(cast(:ids as text[]), cast(:hashes as bytea[])) as given(id, hash)
    join source_records s
      on s.workspace_id = :workspace_id and s.connection_id = :connection_id
     and s.object = :object and s.external_id = given.id
    """
)


@dataclass(frozen=True, slots=True)
class KnownRow:
    external_id: str
    modstamp: datetime
    hash: bytes
    content: Content | None
    state: State
    attempts: int
    left_out: list[dict[str, Any]]


async def known_records(
    uow: UnitOfWork, connection_id: UUID, sobject: str, hashes: Mapping[str, bytes]
) -> dict[str, KnownRecord]:
    """What we kept of these records; the content only where its hash differs from the given."""
    rows = await uow.rows(
        KnownRow,
        _KNOWN,
        connection_id=connection_id,
        object=sobject,
        ids=list(hashes),
        hashes=list(hashes.values()),
    )
    return {
        row.external_id: KnownRecord(
            row.modstamp,
            row.hash,
            row.content,
            row.state,
            row.attempts,
            tuple(LeftOut(**each) for each in row.left_out),
        )
        for row in rows
    }


_KEEP = text(
    """
    insert into source_records as s (workspace_id, connection_id, object, external_id, modstamp,
        hash, content, parent_id, record_id, state, reason, left_out, merged_into, attempts,
        retry_at, scan_id)
    select cast(:workspace_id as uuid), cast(:connection_id as uuid), cast(:object as text),
           k.external_id, k.modstamp, decode(k.hash, 'hex'), k.content, k.parent_id,
           k.record_id, k.state, k.reason, k.left_out, k.merged_into,
           case when k.state = 'rejected' then 1 else 0 end,
           clock_timestamp() + make_interval(secs => k.retry_in), cast(:scan_id as uuid)
    from jsonb_to_recordset(cast(:rows as jsonb)) as k(external_id text, modstamp timestamptz,
         hash text, content jsonb, parent_id text, record_id uuid, state text, reason text,
         left_out jsonb, merged_into text, retry_in double precision)
    on conflict (workspace_id, connection_id, object, external_id) do update
    set modstamp = excluded.modstamp, hash = excluded.hash,
        content = case when excluded.state in ('pending_deletion', 'rejected')
                            and excluded.content = '{}'
                       then s.content else s.content || excluded.content end,
        parent_id = coalesce(excluded.parent_id, s.parent_id),
        record_id = coalesce(excluded.record_id, s.record_id),
        state = excluded.state, reason = excluded.reason, left_out = excluded.left_out,
        merged_into = excluded.merged_into,
        attempts = case when excluded.state = 'rejected' then s.attempts + 1 else 0 end,
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
        state = case when r.state in ('stale', 'pending_deletion') and r.modstamp <= seen.modstamp
                     then 'synced' else r.state end,
        merged_into = case when r.modstamp <= seen.modstamp then null else r.merged_into end
    from unnest(cast(:ids as text[]), cast(:modstamps as timestamptz[]), cast(:hashes as bytea[]))
         as seen(id, modstamp, hash)
    where r.workspace_id = :workspace_id and r.connection_id = :connection_id
      and r.object = :object and r.external_id = seen.id
      and r.state in ('synced', 'rejected', 'stale', 'pending_deletion')
      and (r.modstamp < seen.modstamp or r.hash <> seen.hash
           or r.state in ('stale', 'pending_deletion')
           or cast(:scan_id as uuid) is not null)
    """
)


async def keep_records(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str,
    rows: Sequence[Kept],
    scan_id: UUID | None,
) -> None:
    """Content is laid over what was there: a field that could not be read keeps its last value."""
    if not rows:
        return
    given = [{**vars(row), "hash": row.hash.hex()} for row in rows]
    await uow.run(
        _KEEP,
        connection_id=connection_id,
        object=sobject,
        rows=to_json(given).decode(),
        scan_id=scan_id,
    )


async def mark_seen(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str,
    seen: Sequence[tuple[str, datetime, bytes]],
    scan_id: UUID | None,
) -> None:
    """Rows that are as we know them. One that we meant to delete is there after all."""
    if not seen:
        return
    await uow.run(
        _SEEN,
        connection_id=connection_id,
        object=sobject,
        ids=[each[0] for each in seen],
        modstamps=[each[1] for each in seen],
        hashes=[each[2] for each in seen],
        scan_id=scan_id,
    )


_MEMBERS = text(
    """
    select external_id,
           case when coalesce((content ->> 'active')::boolean, true) then record_id end as member
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and record_id is not null
    """
)


@dataclass(frozen=True, slots=True)
class UserMember:
    external_id: str
    member: UUID | None


async def members_by_user(
    uow: UnitOfWork, connection_id: UUID, sobject: str, ids: Sequence[str]
) -> dict[str, UUID | None]:
    """None for a user who has left: what such a user owns there, nobody holds here."""
    where = {"connection_id": connection_id, "object": sobject}
    rows = await uow.rows(UserMember, _MEMBERS, **where, ids=list(ids))
    return {row.external_id: row.member for row in rows}


_ASSOCIATIONS = text(
    """
    select parent_id, content from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and object = any(:associations) and parent_id = any(:joined) and state = 'synced'
    """
)
_STALE = text(
    """
    update source_records set state = 'stale'
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state = 'synced'
    """
)


@dataclass(frozen=True, slots=True)
class Association:
    parent_id: str
    content: Content


async def associations_of(
    uow: UnitOfWork, connection_id: UUID, associations: Sequence[str], joined: Sequence[str]
) -> dict[str, list[Content]]:
    """What the objects that join others say of the records `joined`."""
    rows = await uow.rows(
        Association,
        _ASSOCIATIONS,
        connection_id=connection_id,
        associations=list(associations),
        joined=list(joined),
    )
    contents: dict[str, list[Content]] = {}
    for row in rows:
        contents.setdefault(row.parent_id, []).append(row.content)
    return contents


async def make_stale(
    uow: UnitOfWork, connection_id: UUID, sobject: str, ids: Sequence[str]
) -> None:
    """What these records point to has changed: they are sent again."""
    await uow.run(_STALE, connection_id=connection_id, object=sobject, ids=list(ids))


_AGAIN = text(
    """
    select external_id from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and (state = 'stale' or state = 'rejected' and retry_at <= :before)
    order by external_id limit :limit
    """
)


async def records_to_read_again(
    uow: UnitOfWork, connection_id: UUID, sobject: str, before: datetime, limit: int
) -> list[str]:
    """Stale ones, and rejected ones whose time has come `before` an instant."""
    where = {"connection_id": connection_id, "object": sobject}
    return await uow.values(str, _AGAIN, **where, before=before, limit=limit)
