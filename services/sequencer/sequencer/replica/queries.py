from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from sequencer.replica.schemas import Account, Contact, Lock, Member, Opportunity, Segment
from shared.uow import UnitOfWork

Copy = Opportunity | Account | Contact | Member | Segment
C = TypeVar("C", Opportunity, Account, Contact, Member, Segment)
_TABLES: Mapping[type[Copy], str] = {
    Opportunity: "opportunities",
    Account: "accounts",
    Contact: "contacts",
    Member: "members",
    Segment: "segments",
}
_DOCUMENTS = frozenset({"traits", "key_roles"})


def _upsert(kind: type[Copy]) -> TextClause:
    """Insert or replace by id, unless what is there is at least as new."""
    table, names = _TABLES[kind], [field.name for field in fields(kind) if field.name != "version"]
    values = [f"cast(:{name} as jsonb)" if name in _DOCUMENTS else f":{name}" for name in names]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    return text(
        f"""
        insert into {table} (workspace_id, version, {", ".join(names)})
        values (:workspace_id, :version, {", ".join(values)})
        on conflict (workspace_id, id) do update
        set version = excluded.version, {changes}
        where {table}.version < excluded.version
        """
    )


_COPY = {kind: _upsert(kind) for kind in _TABLES}


async def store_copy(uow: UnitOfWork, copy: Copy, version: int) -> bool:
    """False when our copy is as new already, as after a replay."""
    row: dict[str, object] = {
        name: to_json(value).decode() if name in _DOCUMENTS else value
        for name, value in asdict(copy).items()
    }
    return await uow.run(_COPY[type(copy)], **(row | {"version": version})) > 0


_LOCKS: Mapping[Lock, str] = {
    "none": "",
    "share": " order by id for share skip locked",
    "hold": " order by id for no key update skip locked",
}


def _columns(kind: type[Copy]) -> str:
    return ", ".join(field.name for field in fields(kind))


def _select(kind: type[Copy], lock: Lock) -> TextClause:
    return text(
        f"select {_columns(kind)} from {_TABLES[kind]}"
        f" where workspace_id = :workspace_id and id = any(:ids){_LOCKS[lock]}"
    )


_BY_ID = {(kind, lock): _select(kind, lock) for kind in _TABLES for lock in _LOCKS}


async def copies(
    uow: UnitOfWork, kind: type[C], ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, C]:
    """By id. `share` keeps the rows as they are until the transaction ends, `hold` does so for us
    alone; rows that someone else has right now are left out instead of waited for.
    """
    wanted = list(ids)
    if not wanted:
        return {}
    return {row.id: row for row in await uow.rows(kind, _BY_ID[kind, lock], ids=wanted)}


@dataclass(frozen=True, slots=True)
class Link:
    """A contact's part in one account."""

    contact_id: UUID
    account_id: UUID
    plan_roles: list[str]


_FORGET_LINKS = text(
    "delete from contact_accounts where workspace_id = :workspace_id and contact_id = :contact_id"
)
_STORE_LINKS = text(
    """
    insert into contact_accounts (workspace_id, contact_id, account_id, plan_roles)
    select :workspace_id, l.contact_id, l.account_id, l.plan_roles
    from jsonb_to_recordset(cast(:links as jsonb))
        as l(contact_id uuid, account_id uuid, plan_roles jsonb)
    on conflict do nothing
    """
)


async def replace_links(uow: UnitOfWork, contact_id: UUID, links: Collection[Link]) -> None:
    await uow.run(_FORGET_LINKS, contact_id=contact_id)
    if links:
        await uow.run(_STORE_LINKS, links=to_json(list(links)).decode())


_LINKS = "select contact_id, account_id, plan_roles from contact_accounts"
_LINKS_OF_CONTACTS = text(f"{_LINKS} where workspace_id = :workspace_id and contact_id = any(:ids)")
_LINKS_OF_ACCOUNTS = text(
    f"{_LINKS} where workspace_id = :workspace_id and account_id = any(:ids)"
    " order by account_id, contact_id"
)


async def links_of_contacts(uow: UnitOfWork, contact_ids: Collection[UUID]) -> list[Link]:
    return await uow.rows(Link, _LINKS_OF_CONTACTS, ids=list(contact_ids))


async def links_of_accounts(uow: UnitOfWork, account_ids: Iterable[UUID]) -> list[Link]:
    return await uow.rows(Link, _LINKS_OF_ACCOUNTS, ids=list(account_ids))


_ENTER = text(
    """
    insert into segment_members (workspace_id, segment_id, record_id, entered_at)
    values (:workspace_id, :segment_id, :record_id, :at)
    on conflict do nothing
    """
)


async def enter_segment(uow: UnitOfWork, segment_id: UUID, record_id: UUID, at: datetime) -> None:
    await uow.run(_ENTER, segment_id=segment_id, record_id=record_id, at=at)


# A hand-over that is being claimed shares this row: it sees the record inside or waits for us.
_HOLD_OPPORTUNITY = text(
    "select id from opportunities where workspace_id = :workspace_id and id = :record_id"
    " for no key update"
)
_LEAVE = text(
    "delete from segment_members where workspace_id = :workspace_id"
    " and segment_id = :segment_id and record_id = :record_id"
)


async def leave_segment(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> None:
    await uow.value(UUID, _HOLD_OPPORTUNITY, record_id=record_id)
    await uow.run(_LEAVE, segment_id=segment_id, record_id=record_id)


@dataclass(frozen=True, slots=True)
class Membership:
    segment_id: UUID
    record_id: UUID


_MEMBERSHIPS = text(
    """
    select segment_id, record_id from segment_members
    where workspace_id = :workspace_id and segment_id = any(:segment_ids)
      and record_id = any(:record_ids)
    """
)


async def memberships(
    uow: UnitOfWork, segment_ids: Collection[UUID], record_ids: Collection[UUID]
) -> set[tuple[UUID, UUID]]:
    """Pairs of segment and record, of those asked for, that belong together."""
    if not segment_ids or not record_ids:
        return set()
    rows = await uow.rows(
        Membership, _MEMBERSHIPS, segment_ids=list(segment_ids), record_ids=list(record_ids)
    )
    return {(row.segment_id, row.record_id) for row in rows}


_IN_SEGMENT = text(
    "select record_id from segment_members"
    " where workspace_id = :workspace_id and segment_id = :segment_id"
)


async def records_in_segment(uow: UnitOfWork, segment_id: UUID) -> list[UUID]:
    return await uow.values(UUID, _IN_SEGMENT, segment_id=segment_id)


_OF_ACCOUNTS = text(
    "select id from opportunities"
    " where workspace_id = :workspace_id and account_id = any(:account_ids)"
)


async def opportunities_of_accounts(uow: UnitOfWork, account_ids: Collection[UUID]) -> list[UUID]:
    return await uow.values(UUID, _OF_ACCOUNTS, account_ids=list(account_ids))


_OF_CONTACTS = text(
    """
    select distinct o.id from contact_accounts l
    join opportunities o on o.workspace_id = l.workspace_id and o.account_id = l.account_id
    where l.workspace_id = :workspace_id and l.contact_id = any(:contact_ids)
    """
)


async def opportunities_of_contacts(uow: UnitOfWork, contact_ids: Collection[UUID]) -> list[UUID]:
    """Those of every account that one of the contacts belongs to."""
    return await uow.values(UUID, _OF_CONTACTS, contact_ids=list(contact_ids))


_TO_ENTER = text(
    "select id from opportunities"
    " where workspace_id = :workspace_id and manual_entry and not is_closed"
)


async def opportunities_to_enter(uow: UnitOfWork) -> list[UUID]:
    """Those whose flag asks for a manual entry."""
    return await uow.values(UUID, _TO_ENTER)


_STORE_MOVING_FIELDS = text(
    """
    insert into moving_fields as known (workspace_id, version, fields)
    values (:workspace_id, :version, :fields)
    on conflict (workspace_id) do update
    set version = excluded.version, fields = excluded.fields
    where known.version < excluded.version
    """
)


async def store_moving_fields(uow: UnitOfWork, version: int, fields: Collection[str]) -> None:
    """Nothing happens when ours are as new already."""
    await uow.run(_STORE_MOVING_FIELDS, version=version, fields=list(fields))


_MOVING_FIELDS = text("select fields from moving_fields where workspace_id = :workspace_id")


async def moving_fields(uow: UnitOfWork) -> frozenset[str] | None:
    """Such as `account.traits.days_left`; None when nobody has told yet which there are."""
    fields = await uow.value(list, _MOVING_FIELDS)
    return None if fields is None else frozenset(fields)


_EMAILS = text("select email from members where workspace_id = :workspace_id")


async def member_emails(uow: UnitOfWork) -> list[str]:
    return await uow.values(str, _EMAILS)


_NAME = text("select name from workspaces where workspace_id = :workspace_id")


async def workspace_name(uow: UnitOfWork) -> str:
    return await uow.value(str, _NAME) or ""


@dataclass(frozen=True, slots=True)
class ContactAddress:
    contact_id: UUID
    address: str


_SHARING_AN_ADDRESS = text(
    """
    select id as contact_id, address from contacts
    where workspace_id = :workspace_id and address in (
        select address from contacts
        where workspace_id = :workspace_id and id = any(:ids))
    """
)


async def contacts_sharing_an_address(
    uow: UnitOfWork, contact_ids: Collection[UUID]
) -> list[ContactAddress]:
    """These and all others who have the same address."""
    return await uow.rows(ContactAddress, _SHARING_AN_ADDRESS, ids=list(contact_ids))


_AT_ADDRESS = (
    f"select {_columns(Contact)} from contacts"
    " where workspace_id = :workspace_id and address = :address order by id"
)
_READ_AT, _LOCK_AT = text(_AT_ADDRESS), text(f"{_AT_ADDRESS} for no key update")


async def contacts_at(uow: UnitOfWork, address: str, *, lock: bool = False) -> list[Contact]:
    """Everyone with this address. `lock` waits for hand-overs that are being claimed for them and
    keeps new ones away until the transaction ends.
    """
    return await uow.rows(Contact, _LOCK_AT if lock else _READ_AT, address=address)
