from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text, tuple_, update

from accounts_api.identity.members.models import members
from accounts_api.identity.members.rows import Member
from shared.data import WORKSPACE
from shared.events.accounts import MemberRole
from shared.uow import UnitOfWork

_LOCK = text("select 1 from workspaces where workspace_id = :workspace_id for no key update")


async def lock_membership(uow: UnitOfWork) -> None:
    """One change of members at a time, so that seats and admins are counted truly."""
    await uow.run(_LOCK)


@dataclass(frozen=True, slots=True)
class Seats:
    """Without one member: what the workspace has, and may have."""

    paid: int
    admins: int
    seat_limit: int | None


_SEATS = text(
    """
    select cast(w.settings ->> 'seat_limit' as integer) as seat_limit,
           (select count(*) from members m
            where m.workspace_id = :workspace_id and m.active and m.role <> 'observer'
              and m.id is distinct from :other_than) as paid,
           (select count(*) from members m
            where m.workspace_id = :workspace_id and m.active and m.role = 'admin'
              and m.id is distinct from :other_than) as admins
    from workspaces w where w.workspace_id = :workspace_id
    """
)


async def seats_without(uow: UnitOfWork, member_id: UUID | None) -> Seats | None:
    """None when there is no such workspace."""
    return await uow.row(Seats, _SEATS, other_than=member_id)


_OF_WORKSPACE = select(members).where(members.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(members.c.id == bindparam("member_id"))
_BY_EXTERNAL_ID = _OF_WORKSPACE.where(members.c.external_id == bindparam("by_external_id"))
_BY_EMAIL = _OF_WORKSPACE.where(members.c.email_key == bindparam("by_email_key"))


async def member_by_id(uow: UnitOfWork, member_id: UUID) -> Member | None:
    return await uow.row(Member, _BY_ID, member_id=member_id)


async def member_by_external_id(uow: UnitOfWork, external_id: str) -> Member | None:
    return await uow.row(Member, _BY_EXTERNAL_ID, by_external_id=external_id)


async def member_by_email(uow: UnitOfWork, key: str) -> Member | None:
    return await uow.row(Member, _BY_EMAIL, by_email_key=key)


_ACTIVE = text(
    "select id from members where workspace_id = :workspace_id and active"
    " and id = any(cast(:ids as uuid[]))"
)


async def active_members(uow: UnitOfWork, ids: Collection[UUID]) -> frozenset[UUID]:
    return frozenset(await uow.values(UUID, _ACTIVE, ids=list(ids)))


@dataclass(frozen=True, slots=True)
class KnownMember:
    id: UUID
    email_key: str
    active: bool


_KNOWN = text(
    "select id, email_key, active from members where workspace_id = :workspace_id"
    " and (id = any(cast(:ids as uuid[])) or email_key = any(cast(:email_keys as text[])))"
)


async def known_members(
    uow: UnitOfWork, ids: Collection[UUID] = (), email_keys: Collection[str] = ()
) -> list[KnownMember]:
    """Those with one of these ids or addresses, deactivated ones too."""
    return await uow.rows(KnownMember, _KNOWN, ids=list(ids), email_keys=list(email_keys))


async def members_page(
    uow: UnitOfWork,
    *,
    after: tuple[str, UUID] | None,
    email_key: str | None,
    role: MemberRole | None,
    active: bool | None,
    limit: int,
) -> list[Member]:
    page = _OF_WORKSPACE
    if after is not None:
        page = page.where(tuple_(members.c.full_name, members.c.id) > tuple_(*after))
    if email_key is not None:
        page = page.where(members.c.email_key == email_key)
    if role is not None:
        page = page.where(members.c.role == role)
    if active is not None:
        page = page.where(members.c.active == active)
    page = page.order_by(members.c.full_name, members.c.id).limit(limit + 1)
    return await uow.rows(Member, page)


_BY_CALENDAR = (
    _OF_WORKSPACE.where(members.c.calendar_id == bindparam("by_calendar_id"))
    .order_by(members.c.full_name, members.c.id)
    .limit(bindparam("most"))
)


async def members_by_calendar(uow: UnitOfWork, calendar_id: UUID, limit: int) -> list[Member]:
    """By name."""
    return await uow.rows(Member, _BY_CALENDAR, by_calendar_id=calendar_id, most=limit)


async def insert_member(uow: UnitOfWork, values: Mapping[str, object]) -> Member:
    return await uow.one(Member, insert(members).values(**values).returning(members))


async def change_member(uow: UnitOfWork, member_id: UUID, values: Mapping[str, object]) -> Member:
    changed = (
        update(members)
        .where(members.c.workspace_id == uow.workspace_id, members.c.id == member_id)
        .values(**values, version=members.c.version + 1, updated_at=func.clock_timestamp())
        .returning(members)
    )
    return await uow.one(Member, changed)
