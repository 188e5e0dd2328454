from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.data import Transaction
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
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


async def place(uow: UnitOfWork, connection_id: UUID) -> Place | None:
    return await uow.row(Place, _PLACE, connection_id=connection_id)


async def begin_folder(
    uow: UnitOfWork,
    connection_id: UUID,
    *,
    folder: str,
    uid_validity: int,
    next_uid: int,
    server_next_uid: int,
) -> None:
    """Numbers of an earlier `uid_validity` are void."""
    await uow.run(
        _BEGIN,
        connection_id=connection_id,
        folder=folder,
        uid_validity=uid_validity,
        next_uid=next_uid,
        server_next_uid=server_next_uid,
    )


async def move_on(
    uow: UnitOfWork,
    connection_id: UUID,
    *,
    uid_validity: int,
    next_uid: int,
    server_next_uid: int,
    counts: Mapping[str, int],
) -> None:
    counted = [{"kind": kind, "n": n} for kind, n in counts.items()]
    await uow.run(
        _MOVE,
        connection_id=connection_id,
        uid_validity=uid_validity,
        next_uid=next_uid,
        server_next_uid=server_next_uid,
        counts=to_json(counted).decode(),
    )


async def see_mails(
    uow: UnitOfWork, connection_id: UUID, uid_validity: int, mails: Sequence[Seen]
) -> set[int]:
    """UIDs of those that were not seen before, under this number or another."""
    rows = [{**vars(mail), "fingerprint": mail.fingerprint.hex()} for mail in mails]
    where = {"connection_id": connection_id, "uid_validity": uid_validity}
    return set(await uow.values(int, _SEE, **where, mails=to_json(rows).decode()))


@dataclass(frozen=True, slots=True)
class RejectedMail:
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


async def ask_again(uow: UnitOfWork, connection_id: UUID) -> None:
    """Numbers of an earlier `uid_validity` are void: those can only be dismissed."""
    await uow.run(_ASK_AGAIN, connection_id=connection_id)


async def asked_again(uow: UnitOfWork, connection_id: UUID, uid_validity: int) -> list[int]:
    """UIDs of the rejected mails that a person wants read again."""
    where = {"connection_id": connection_id, "uid_validity": uid_validity}
    return await uow.values(int, _ASKED, **where)


async def not_there(
    uow: UnitOfWork, connection_id: UUID, uid_validity: int, uids: Sequence[int], reason: str
) -> None:
    """Of those that a person wants read again only `uids` are in the folder."""
    where = {"connection_id": connection_id, "uid_validity": uid_validity}
    await uow.run(_NOT_THERE, **where, uids=list(uids), reason=reason)


async def forget_rejected(
    uow: UnitOfWork, connection_id: UUID, uid_validity: int, uids: Sequence[int]
) -> int:
    """How many of them were rejected."""
    where = {"connection_id": connection_id, "uid_validity": uid_validity}
    return await uow.run(_FORGET_REJECTED, **where, uids=list(uids))


async def reject_mail(
    uow: UnitOfWork,
    connection_id: UUID,
    *,
    uid_validity: int,
    uid: int,
    arrived_at: datetime,
    reason: str,
) -> None:
    await uow.run(
        _REJECT,
        connection_id=connection_id,
        uid_validity=uid_validity,
        uid=uid,
        arrived_at=arrived_at,
        reason=reason,
    )


async def rejected_page(
    uow: UnitOfWork, connection_id: UUID, after: tuple[int, int], limit: int
) -> list[RejectedMail]:
    """One row more than `limit`, when there are more."""
    return await uow.rows(
        RejectedMail,
        _REJECTED,
        connection_id=connection_id,
        after_validity=after[0],
        after_uid=after[1],
        limit=limit + 1,
    )


async def count_rejected(uow: UnitOfWork, connection_id: UUID) -> int:
    """Those of the last week."""
    return await uow.one_value(int, _COUNT_REJECTED, connection_id=connection_id)


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


async def known_addresses(uow: UnitOfWork, addresses: Sequence[str]) -> set[str]:
    return set(await uow.values(str, _KNOWN, addresses=list(addresses)))


async def keep_address(
    uow: UnitOfWork, contact_id: UUID, address: str | None, version: int
) -> None:
    """What an older version of the contact said changes nothing."""
    await uow.run(_KEEP_ADDRESS, contact_id=contact_id, address=address, version=version)


_BACKLOG = text(
    """
    select coalesce(sum(greatest(f.server_next_uid - f.next_uid, 0)), 0)::bigint
    from mail_folders f
    join connections c on c.workspace_id = f.workspace_id and c.id = f.connection_id
    where f.workspace_id = :workspace_id and c.status in ('ok', 'failing')
      and c.removed_at is null
    """
)
_FORGOTTEN_AT_ONCE = 1_000
_FORGET = text(
    """
    delete from mails_seen where ctid in (
        select m.ctid from mails_seen m
        join mail_folders f on f.workspace_id = m.workspace_id
         and f.connection_id = m.connection_id
        where m.seen_at < clock_timestamp() - interval '2 years'
          and m.uid_validity = f.uid_validity and m.uid < f.next_uid
        limit :limit)
    """
)


async def backlog(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _BACKLOG)


async def forget_old_mails(scope: Transaction) -> bool:
    """Of all workspaces: mails so far back that no restored folder makes us read them again. True
    while there are more.
    """
    return await scope.run(_FORGET, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE
