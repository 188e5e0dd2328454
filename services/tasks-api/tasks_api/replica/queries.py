from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.replica.models import accounts, members


class MemberCopy(TypedDict):
    id: UUID
    full_name: str
    email: str
    role: str
    time_zone: str | None
    active: bool
    calendar_id: UUID | None
    version: int


class AccountCopy(TypedDict):
    id: UUID
    name: str
    key_roles: Mapping[str, Sequence[str]]
    deleted: bool
    ignored: bool
    version: int


async def store_member(uow: UnitOfWork, member: MemberCopy) -> None:
    """An older version never overwrites a newer one."""
    row = insert(members).values(**member)
    newer = row.on_conflict_do_update(
        index_elements=[members.c.workspace_id, members.c.id],
        set_={name: row.excluded[name] for name in member if name != "id"},
        where=members.c.version < row.excluded.version,
    )
    await uow.run(newer)


async def store_account(uow: UnitOfWork, account: AccountCopy) -> bool:
    """True unless a newer version is known. A repeated call is true again: an event that is
    handled once more has another chance for what follows from it.
    """
    row = insert(accounts).values(**account)
    newer = row.on_conflict_do_update(
        index_elements=[accounts.c.workspace_id, accounts.c.id],
        set_={name: row.excluded[name] for name in account if name != "id"},
        where=accounts.c.version <= row.excluded.version,
    )
    return await uow.run(newer) > 0


@dataclass(frozen=True, slots=True)
class _Holders:
    ids: list[str] | None


_ACTIVE = select(members.c.id).where(
    members.c.workspace_id == WORKSPACE,
    members.c.id.in_(bindparam("member_ids", expanding=True)),
    members.c.active,
)


async def holders_of(uow: UnitOfWork, account_id: UUID, key_role: str) -> list[UUID]:
    """Members who hold a key role on an account, in the order the account lists them."""
    holders = select(accounts.c.key_roles[key_role].label("ids")).where(
        accounts.c.workspace_id == WORKSPACE, accounts.c.id == account_id
    )
    row = await uow.row(_Holders, holders)
    listed = [UUID(member) for member in (row and row.ids) or ()]
    active = set(await uow.values(UUID, _ACTIVE, member_ids=listed))
    return [member for member in listed if member in active]


_ACCOUNT = select(accounts.c.id).where(
    accounts.c.workspace_id == WORKSPACE,
    accounts.c.id == bindparam("account_id"),
    accounts.c.deleted.is_(False),
)


async def account_exists(uow: UnitOfWork, account_id: UUID) -> bool:
    return await uow.value(UUID, _ACCOUNT, account_id=account_id) is not None


_IGNORED = select(accounts.c.id).where(
    accounts.c.workspace_id == WORKSPACE,
    accounts.c.id.in_(bindparam("account_ids", expanding=True)),
    accounts.c.ignored,
)


async def ignored_among(uow: UnitOfWork, account_ids: Collection[UUID]) -> frozenset[UUID]:
    if not account_ids:
        return frozenset()
    return frozenset(await uow.values(UUID, _IGNORED, account_ids=list(account_ids)))


_MEMBER = select(members.c.id).where(
    members.c.workspace_id == WORKSPACE, members.c.id == bindparam("member_id"), members.c.active
)


async def member_exists(uow: UnitOfWork, member_id: UUID) -> bool:
    return await uow.value(UUID, _MEMBER, member_id=member_id) is not None


@dataclass(frozen=True, slots=True)
class _KnownMember:
    id: UUID
    active: bool


_KNOWN_MEMBERS = select(members.c.id, members.c.active).where(
    members.c.workspace_id == WORKSPACE, members.c.id.in_(bindparam("member_ids", expanding=True))
)


async def known_members(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, bool]:
    """Those there are or were, and whether they are active."""
    if not ids:
        return {}
    rows = await uow.rows(_KnownMember, _KNOWN_MEMBERS, member_ids=list(ids))
    return {row.id: row.active for row in rows}


@dataclass(frozen=True, slots=True)
class _FirstHolder:
    account_id: UUID
    key_role: str
    member_id: UUID


_FIRST_HOLDERS = text(
    """
    select distinct on (a.id, role.key) a.id as account_id, role.key as key_role, m.id as member_id
    from accounts a, jsonb_each(a.key_roles) role,
         jsonb_array_elements_text(role.value) with ordinality as held(by, place)
    join members m on m.workspace_id = :workspace_id and m.active and m.id = cast(held.by as uuid)
    where a.workspace_id = :workspace_id and a.id = any(cast(:account_ids as uuid[]))
    order by a.id, role.key, held.place
    """
)


async def first_holders(
    uow: UnitOfWork, account_ids: Collection[UUID]
) -> dict[tuple[UUID, str], UUID]:
    """By account and key role, the first active member who holds it."""
    rows = await uow.rows(_FirstHolder, _FIRST_HOLDERS, account_ids=list(account_ids))
    return {(row.account_id, row.key_role): row.member_id for row in rows}


_ADMINS = (
    select(members.c.id)
    .where(members.c.workspace_id == WORKSPACE, members.c.role == "admin", members.c.active)
    .order_by(members.c.id)
)


async def admins_of(uow: UnitOfWork) -> list[UUID]:
    return await uow.values(UUID, _ADMINS)


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """Where and by which calendar somebody works."""

    zone: str
    calendar_id: UUID | None


_WORK_PLACE = text(
    """
    select coalesce(m.time_zone, w.time_zone) as zone, m.calendar_id
    from workspaces w
    left join members m on m.workspace_id = :workspace_id and m.id = :member_id
    where w.workspace_id = :workspace_id
    """
)


async def work_place(uow: UnitOfWork, member_id: UUID | None) -> WorkPlace | None:
    """Of the workspace where the member says nothing. None before the workspace is known."""
    return await uow.row(WorkPlace, _WORK_PLACE, member_id=member_id)
