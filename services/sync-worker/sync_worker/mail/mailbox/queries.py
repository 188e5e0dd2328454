from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Place:
    """How far a folder has been read."""

    folder: str
    uid_validity: int
    next_uid: int
    history_until_uid: int


@dataclass(frozen=True)
class Seen:
    uid: int
    fingerprint: bytes
    kind: str
    message_id: str | None


_PLACE = text(
    """
    select folder, uid_validity, next_uid, history_until_uid from mail_folders
    where workspace_id = :workspace_id and connection_id = :connection_id
    """
)
_BEGIN = text(
    """
    insert into mail_folders (workspace_id, connection_id, folder, uid_validity, next_uid,
                              server_next_uid, history_until_uid)
    values (:workspace_id, :connection_id, :folder, :uid_validity, :next_uid, :server_next_uid,
            :server_next_uid)
    on conflict (workspace_id, connection_id) do update
    set folder = excluded.folder, uid_validity = excluded.uid_validity,
        next_uid = excluded.next_uid, server_next_uid = excluded.server_next_uid,
        history_until_uid = excluded.history_until_uid, updated_at = clock_timestamp()
    """
)
_MOVE = text(
    """
    update mail_folders
    set next_uid = greatest(next_uid, :next_uid),
        server_next_uid = greatest(:server_next_uid, :next_uid),
        counts = counts || coalesce((
            select jsonb_object_agg(c.kind, coalesce((counts ->> c.kind)::bigint, 0) + c.n)
            from jsonb_to_recordset(cast(:counts as jsonb)) as c(kind text, n bigint)), '{}'),
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id
      and uid_validity = :uid_validity
    """
)
_SEE = text(
    """
    insert into mails_seen (workspace_id, connection_id, uid_validity, uid, fingerprint, kind,
                            message_id)
    select cast(:workspace_id as uuid), cast(:connection_id as uuid), :uid_validity, m.uid,
           decode(m.fingerprint, 'hex'), m.kind, m.message_id
    from jsonb_to_recordset(cast(:mails as jsonb))
         as m(uid bigint, fingerprint text, kind text, message_id text)
    on conflict do nothing
    returning uid
    """
)


def _at(workspace_id: UUID, connection_id: UUID) -> dict[str, Any]:
    return {"workspace_id": workspace_id, "connection_id": connection_id}


async def place(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> Place | None:
    found = await session.execute(_PLACE, _at(workspace_id, connection_id))
    row = found.mappings().one_or_none()
    return None if row is None else Place(**row)


async def begin_folder(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    *,
    folder: str,
    uid_validity: int,
    next_uid: int,
    server_next_uid: int,
) -> None:
    """Numbers of an earlier `uid_validity` are void."""
    await session.execute(
        _BEGIN,
        {
            **_at(workspace_id, connection_id),
            "folder": folder,
            "uid_validity": uid_validity,
            "next_uid": next_uid,
            "server_next_uid": server_next_uid,
        },
    )


async def move_on(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    *,
    uid_validity: int,
    next_uid: int,
    server_next_uid: int,
    counts: Mapping[str, int],
) -> None:
    counted = [{"kind": kind, "n": n} for kind, n in counts.items()]
    await session.execute(
        _MOVE,
        {
            **_at(workspace_id, connection_id),
            "uid_validity": uid_validity,
            "next_uid": next_uid,
            "server_next_uid": server_next_uid,
            "counts": to_json(counted).decode(),
        },
    )


async def see_mails(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    uid_validity: int,
    mails: Sequence[Seen],
) -> set[int]:
    """UIDs of those that were not seen before, under this number or another."""
    rows = [{**vars(mail), "fingerprint": mail.fingerprint.hex()} for mail in mails]
    found = await session.scalars(
        _SEE,
        {
            **_at(workspace_id, connection_id),
            "uid_validity": uid_validity,
            "mails": to_json(rows).decode(),
        },
    )
    return set(found)


@dataclass(frozen=True)
class RejectedMailRow:
    uid_validity: int
    uid: int
    arrived_at: datetime
    reason: str
    rejected_at: datetime


_REJECT = text(
    """
    insert into rejected_mails (workspace_id, connection_id, uid_validity, uid, arrived_at, reason)
    values (:workspace_id, :connection_id, :uid_validity, :uid, :arrived_at, :reason)
    on conflict (workspace_id, connection_id, uid_validity, uid) do update
    set reason = excluded.reason, asked_at = null
    """
)
_REJECTED = text(
    """
    select uid_validity, uid, arrived_at, reason, rejected_at from rejected_mails
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (uid_validity, uid) > (:after_validity, :after_uid)
    order by uid_validity, uid limit :limit
    """
)
_COUNT_REJECTED = text(
    """
    select count(*) from rejected_mails
    where workspace_id = :workspace_id and connection_id = :connection_id
      and rejected_at > clock_timestamp() - interval '7 days'
    """
)


_ASK_AGAIN = text(
    """
    update rejected_mails set asked_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id
      and uid_validity = (
        select f.uid_validity from mail_folders f
        where f.workspace_id = :workspace_id and f.connection_id = :connection_id)
    """
)
_ASKED = text(
    """
    select uid from rejected_mails
    where workspace_id = :workspace_id and connection_id = :connection_id
      and uid_validity = :uid_validity and asked_at is not null
    order by uid
    """
)
_NOT_THERE = text(
    """
    update rejected_mails set asked_at = null, reason = :reason
    where workspace_id = :workspace_id and connection_id = :connection_id
      and uid_validity = :uid_validity and asked_at is not null
      and not uid = any(cast(:uids as bigint[]))
    """
)
_FORGET_REJECTED = text(
    """
    delete from rejected_mails
    where workspace_id = :workspace_id and connection_id = :connection_id
      and uid_validity = :uid_validity and uid = any(cast(:uids as bigint[]))
    """
)


async def ask_again(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> None:
    """Numbers of an earlier `uid_validity` are void: those can only be dismissed."""
    await session.execute(_ASK_AGAIN, _at(workspace_id, connection_id))


async def asked_again(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, uid_validity: int
) -> list[int]:
    """UIDs of the rejected mails that a person wants read again."""
    given = {**_at(workspace_id, connection_id), "uid_validity": uid_validity}
    return list(await session.scalars(_ASKED, given))


async def not_there(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    uid_validity: int,
    uids: Sequence[int],
    reason: str,
) -> None:
    """Of those that a person wants read again only `uids` are in the folder."""
    given = {"uid_validity": uid_validity, "uids": list(uids), "reason": reason}
    await session.execute(_NOT_THERE, {**_at(workspace_id, connection_id), **given})


async def forget_rejected(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    uid_validity: int,
    uids: Sequence[int],
) -> int:
    """How many of them were rejected."""
    given = {"uid_validity": uid_validity, "uids": list(uids)}
    done = await session.execute(_FORGET_REJECTED, {**_at(workspace_id, connection_id), **given})
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def reject_mail(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    *,
    uid_validity: int,
    uid: int,
    arrived_at: datetime,
    reason: str,
) -> None:
    given = {"uid_validity": uid_validity, "uid": uid, "arrived_at": arrived_at, "reason": reason}
    await session.execute(_REJECT, {**_at(workspace_id, connection_id), **given})


async def rejected_page(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    after: tuple[int, int],
    limit: int,
) -> list[RejectedMailRow]:
    """One row more than `limit`, when there are more."""
    given = {"after_validity": after[0], "after_uid": after[1], "limit": limit + 1}
    found = await session.execute(_REJECTED, {**_at(workspace_id, connection_id), **given})
    return [RejectedMailRow(**row) for row in found.mappings()]


async def count_rejected(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> int:
    """Those of the last week."""
    found = await session.execute(_COUNT_REJECTED, _at(workspace_id, connection_id))
    return int(found.scalar_one())


_KNOWN = text(
    """
    select distinct address from contact_addresses
    where workspace_id = :workspace_id and address = any(:addresses)
    """
)
_KEEP_ADDRESS = text(
    """
    insert into contact_addresses (workspace_id, contact_id, address, version)
    values (:workspace_id, :contact_id, :address, :version)
    on conflict (workspace_id, contact_id) do update
    set address = excluded.address, version = excluded.version
    where contact_addresses.version < excluded.version
    """
)


async def known_addresses(
    session: AsyncSession, workspace_id: UUID, addresses: Sequence[str]
) -> set[str]:
    given = {"workspace_id": workspace_id, "addresses": list(addresses)}
    return set(await session.scalars(_KNOWN, given))


async def keep_address(
    session: AsyncSession,
    workspace_id: UUID,
    contact_id: UUID,
    address: str | None,
    version: int,
) -> None:
    """What an older version of the contact said changes nothing."""
    await session.execute(
        _KEEP_ADDRESS,
        {
            "workspace_id": workspace_id,
            "contact_id": contact_id,
            "address": address,
            "version": version,
        },
    )


_BACKLOG = text(
    """
    select coalesce(sum(greatest(f.server_next_uid - f.next_uid, 0)), 0)
    from mail_folders f
    join connections c on c.workspace_id = f.workspace_id and c.id = f.connection_id
    where f.workspace_id = :workspace_id and c.status in ('ok', 'failing')
      and c.removed_at is null
    """
)
_FORGET = text(
    """
    delete from mails_seen where ctid in (
        select m.ctid from mails_seen m
        join mail_folders f on f.workspace_id = m.workspace_id
         and f.connection_id = m.connection_id
        where m.seen_at < clock_timestamp() - interval '2 years'
          and m.uid_validity = f.uid_validity and m.uid < f.next_uid
        limit 1000)
    """
)


async def backlog(session: AsyncSession, workspace_id: UUID) -> int:
    return int((await session.execute(_BACKLOG, {"workspace_id": workspace_id})).scalar_one())


async def forget_old_mails(session: AsyncSession) -> bool:
    """Of all workspaces: mails so far back that no restored folder makes us read them again."""
    done = await session.execute(_FORGET)
    return bool(done.rowcount == 1000)  # type: ignore[attr-defined]  # noqa: PLR2004
