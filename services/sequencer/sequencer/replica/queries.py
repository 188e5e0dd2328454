from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.replica.schemas import (
    Account,
    AccountContact,
    Contact,
    Lock,
    Member,
    Opportunity,
    Segment,
)

_OPPORTUNITY = (
    "id, deleted, account_id, name, type, stage, is_closed, contract_expiration, arr, currency,"
    " deal_room_url, manual_entry, traits"
)
_ACCOUNT = (
    "id, deleted, name, domain, lifecycle_status, time_zone, country, arr, currency, traits,"
    " key_roles"
)
_CONTACT = (
    "id, deleted, name, first_name, last_name, email, address, title, time_zone, email_status,"
    " deactivated, traits"
)


def _upsert(table: str, columns: str, jsonb: Collection[str] = ()) -> str:
    """Insert or replace by id, unless what is there is at least as new."""
    names = [name.strip() for name in columns.split(",")]
    values = [f"cast(:{n} as jsonb)" if n in jsonb else f":{n}" for n in names]
    changes = ", ".join(f"{n} = excluded.{n}" for n in names if n != "id")
    return f"""
        insert into {table} (workspace_id, version, {", ".join(names)})
        values (:workspace_id, :version, {", ".join(values)})
        on conflict (workspace_id, id) do update
        set version = excluded.version, {changes}
        where {table}.version < excluded.version
    """


_COPY_OPPORTUNITY = text(_upsert("opportunities", _OPPORTUNITY, ["traits"]))
_COPY_ACCOUNT = text(_upsert("accounts", _ACCOUNT, ["traits", "key_roles"]))
_COPY_CONTACT = text(_upsert("contacts", _CONTACT, ["traits"]))
_COPY_MEMBER = text(_upsert("members", "id, full_name, email, active"))
_COPY_SEGMENT = text(_upsert("segments", "id, title, record_type, archived"))


async def copy_opportunity(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> bool:
    return await _copy(session, workspace_id, _COPY_OPPORTUNITY, row)


async def copy_account(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> bool:
    return await _copy(session, workspace_id, _COPY_ACCOUNT, row)


async def copy_member(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> bool:
    return await _copy(session, workspace_id, _COPY_MEMBER, row)


async def copy_segment(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> bool:
    return await _copy(session, workspace_id, _COPY_SEGMENT, row)


async def copy_contact(
    session: AsyncSession, workspace_id: UUID, row: dict[str, Any], links: list[dict[str, Any]]
) -> bool:
    if not await _copy(session, workspace_id, _COPY_CONTACT, row):
        return False
    where = {"workspace_id": workspace_id, "contact_id": row["id"]}
    await session.execute(
        text(
            "delete from contact_accounts"
            " where workspace_id = :workspace_id and contact_id = :contact_id"
        ),
        where,
    )
    if links:
        await session.execute(
            text(
                """
                insert into contact_accounts (workspace_id, contact_id, account_id, plan_roles)
                select :workspace_id, :contact_id, l.account_id, l.plan_roles
                from jsonb_to_recordset(cast(:links as jsonb))
                    as l(account_id uuid, plan_roles jsonb)
                on conflict do nothing
                """
            ),
            {**where, "links": to_json(links).decode()},
        )
    return True


async def _copy(
    session: AsyncSession, workspace_id: UUID, statement: Any, row: dict[str, Any]
) -> bool:
    values = {
        key: to_json(value).decode() if isinstance(value, dict) else value
        for key, value in row.items()
    }
    done = await session.execute(statement, {"workspace_id": workspace_id, **values})
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def enter_segment(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_id: UUID, at: Any
) -> None:
    await session.execute(
        text(
            """
            insert into segment_members (workspace_id, segment_id, record_id, entered_at)
            values (:workspace_id, :segment_id, :record_id, :at)
            on conflict do nothing
            """
        ),
        {
            "workspace_id": workspace_id,
            "segment_id": segment_id,
            "record_id": record_id,
            "at": at,
        },
    )


async def leave_segment(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_id: UUID
) -> None:
    where = {"workspace_id": workspace_id, "segment_id": segment_id, "record_id": record_id}
    # A hand-over that is being claimed shares this row: it sees the record inside or waits for us.
    await session.execute(
        text(
            "select 1 from opportunities where workspace_id = :workspace_id and id = :record_id"
            " for no key update"
        ),
        where,
    )
    await session.execute(
        text(
            "delete from segment_members where workspace_id = :workspace_id"
            " and segment_id = :segment_id and record_id = :record_id"
        ),
        where,
    )


_LOCKS = {
    "none": "",
    "share": " order by id for share skip locked",
    "hold": " order by id for no key update skip locked",
}


async def opportunities_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Opportunity]:
    columns = f"version, {_OPPORTUNITY}"
    rows = await _by_id(session, workspace_id, "opportunities", columns, ids, lock=lock)
    return {row["id"]: Opportunity(**row) for row in rows}


async def accounts_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Account]:
    rows = await _by_id(session, workspace_id, "accounts", _ACCOUNT, ids, lock=lock)
    return {row["id"]: Account(**row) for row in rows}


async def contacts_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Contact]:
    rows = await _by_id(session, workspace_id, "contacts", _CONTACT, ids, lock=lock)
    return {row["id"]: Contact(**row) for row in rows}


async def contacts_sharing_an_address(
    session: AsyncSession, workspace_id: UUID, ids: Collection[UUID]
) -> dict[UUID, str]:
    """The address by contact: of these and of all others who have the same."""
    rows = await session.execute(
        text(
            """
            select id, address from contacts
            where workspace_id = :workspace_id and address in (
                select address from contacts
                where workspace_id = :workspace_id and id = any(:ids))
            """
        ),
        {"workspace_id": workspace_id, "ids": list(ids)},
    )
    return {row.id: row.address for row in rows}


async def members_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, Member]:
    columns = "id, full_name, email, active"
    rows = await _by_id(session, workspace_id, "members", columns, ids, lock="none")
    return {row["id"]: Member(**row) for row in rows}


async def member_emails(session: AsyncSession, workspace_id: UUID) -> list[str]:
    found = await session.scalars(
        text("select email from members where workspace_id = :workspace_id"),
        {"workspace_id": workspace_id},
    )
    return list(found)


async def segments_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, Segment]:
    columns = "id, title, record_type, archived"
    rows = await _by_id(session, workspace_id, "segments", columns, ids, lock="none")
    return {row["id"]: Segment(**row) for row in rows}


async def _by_id(
    session: AsyncSession,
    workspace_id: UUID,
    table: str,
    columns: str,
    ids: Iterable[UUID],
    *,
    lock: Lock,
) -> list[dict[str, Any]]:
    """`share` keeps the rows as they are until the transaction ends, `hold` does so for us alone;
    rows that someone else has right now are left out instead of waited for.
    """
    wanted = list(ids)
    if not wanted:
        return []
    rows = await session.execute(
        text(
            f"select {columns} from {table}"
            f" where workspace_id = :workspace_id and id = any(:ids){_LOCKS[lock]}"
        ),
        {"workspace_id": workspace_id, "ids": wanted},
    )
    return [dict(row) for row in rows.mappings()]


async def contacts_of_accounts(
    session: AsyncSession, workspace_id: UUID, account_ids: Iterable[UUID]
) -> list[AccountContact]:
    columns = ", ".join(f"c.{name.strip()}" for name in _CONTACT.split(","))
    rows = await session.execute(
        text(
            f"""
            select l.account_id, l.plan_roles, {columns}
            from contact_accounts l
            join contacts c on c.workspace_id = l.workspace_id and c.id = l.contact_id
            where l.workspace_id = :workspace_id and l.account_id = any(:account_ids)
              and not c.deleted
            order by l.account_id, c.id
            """
        ),
        {"workspace_id": workspace_id, "account_ids": list(account_ids)},
    )
    return [
        AccountContact(row.pop("account_id"), row.pop("plan_roles"), Contact(**row))
        for row in map(dict, rows.mappings())
    ]


async def segments_of_records(
    session: AsyncSession,
    workspace_id: UUID,
    segment_ids: Collection[UUID],
    record_ids: Collection[UUID],
) -> set[tuple[UUID, UUID]]:
    """Pairs of segment and record, of those asked for, that belong together."""
    if not segment_ids or not record_ids:
        return set()
    rows = await session.execute(
        text(
            """
            select segment_id, record_id from segment_members
            where workspace_id = :workspace_id and segment_id = any(:segment_ids)
              and record_id = any(:record_ids)
            """
        ),
        {
            "workspace_id": workspace_id,
            "segment_ids": list(segment_ids),
            "record_ids": list(record_ids),
        },
    )
    return {(row.segment_id, row.record_id) for row in rows}


async def records_in_segment(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID
) -> list[UUID]:
    found = await session.scalars(
        text(
            "select record_id from segment_members"
            " where workspace_id = :workspace_id and segment_id = :segment_id"
        ),
        {"workspace_id": workspace_id, "segment_id": segment_id},
    )
    return list(found)


async def opportunities_of_accounts(
    session: AsyncSession, workspace_id: UUID, account_ids: Collection[UUID]
) -> list[UUID]:
    found = await session.scalars(
        text(
            "select id from opportunities"
            " where workspace_id = :workspace_id and account_id = any(:account_ids)"
        ),
        {"workspace_id": workspace_id, "account_ids": list(account_ids)},
    )
    return list(found)


async def opportunities_to_enter(session: AsyncSession, workspace_id: UUID) -> list[UUID]:
    found = await session.scalars(
        text(
            "select id from opportunities"
            " where workspace_id = :workspace_id and manual_entry and not is_closed"
        ),
        {"workspace_id": workspace_id},
    )
    return list(found)


async def opportunities_of_contacts(
    session: AsyncSession, workspace_id: UUID, contact_ids: Collection[UUID]
) -> list[UUID]:
    found = await session.scalars(
        text(
            """
            select distinct o.id from contact_accounts l
            join opportunities o on o.workspace_id = l.workspace_id and o.account_id = l.account_id
            where l.workspace_id = :workspace_id and l.contact_id = any(:contact_ids)
            """
        ),
        {"workspace_id": workspace_id, "contact_ids": list(contact_ids)},
    )
    return list(found)


async def accounts_of_contacts(
    session: AsyncSession, workspace_id: UUID, contact_ids: Collection[UUID]
) -> set[tuple[UUID, UUID]]:
    """Pairs of contact and account."""
    rows = await session.execute(
        text(
            "select contact_id, account_id from contact_accounts"
            " where workspace_id = :workspace_id and contact_id = any(:contact_ids)"
        ),
        {"workspace_id": workspace_id, "contact_ids": list(contact_ids)},
    )
    return {(row.contact_id, row.account_id) for row in rows}


async def workspace_name(session: AsyncSession, workspace_id: UUID) -> str:
    found = await session.execute(
        text("select name from workspaces where workspace_id = :workspace_id"),
        {"workspace_id": workspace_id},
    )
    return str(found.scalar_one_or_none() or "")


async def contacts_at_address(
    session: AsyncSession, workspace_id: UUID, address: str, *, lock: bool
) -> list[Contact]:
    rows = await session.execute(
        text(
            f"select {_CONTACT} from contacts"
            " where workspace_id = :workspace_id and address = :address order by id"
            f"{' for no key update' if lock else ''}"
        ),
        {"workspace_id": workspace_id, "address": address},
    )
    return [Contact(**row) for row in rows.mappings()]
