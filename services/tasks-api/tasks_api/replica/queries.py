from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.business_time import BusinessCalendar, calendar_of
from tasks_api.replica.models import accounts, members


async def store_member(session: AsyncSession, workspace_id: UUID, values: dict[str, Any]) -> None:
    """An older version never overwrites a newer one."""
    row = insert(members).values(workspace_id=workspace_id, **values)
    newer = row.on_conflict_do_update(
        index_elements=[members.c.workspace_id, members.c.id],
        set_={name: row.excluded[name] for name in values if name != "id"},
        where=members.c.version < row.excluded.version,
    )
    await session.execute(newer)


async def store_account(session: AsyncSession, workspace_id: UUID, values: dict[str, Any]) -> bool:
    """True unless a newer version is known. Said again it is true again: an event that is heard
    once more has another chance for what follows from it.
    """
    row = insert(accounts).values(workspace_id=workspace_id, **values)
    newer = row.on_conflict_do_update(
        index_elements=[accounts.c.workspace_id, accounts.c.id],
        set_={name: row.excluded[name] for name in values if name != "id"},
        where=accounts.c.version <= row.excluded.version,
    ).returning(accounts.c.id)
    return (await session.execute(newer)).first() is not None


async def holders_of(
    session: AsyncSession, workspace_id: UUID, account_id: UUID, key_role: str
) -> list[UUID]:
    """Members who hold a key role on an account, in the order the account lists them."""
    found = select(accounts.c.key_roles[key_role]).where(
        accounts.c.workspace_id == workspace_id, accounts.c.id == account_id
    )
    listed = (await session.execute(found)).scalar_one_or_none() or []
    active = select(members.c.id).where(
        members.c.workspace_id == workspace_id,
        members.c.id.in_([UUID(member) for member in listed]),
        members.c.active,
    )
    known = set((await session.scalars(active)).all())
    return [UUID(member) for member in listed if UUID(member) in known]


async def account_exists(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> bool:
    found = select(accounts.c.id).where(
        accounts.c.workspace_id == workspace_id,
        accounts.c.id == account_id,
        accounts.c.deleted.is_(False),
    )
    return (await session.execute(found)).first() is not None


async def member_exists(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> bool:
    found = select(members.c.id).where(
        members.c.workspace_id == workspace_id, members.c.id == member_id, members.c.active
    )
    return (await session.execute(found)).first() is not None


async def admins_of(session: AsyncSession, workspace_id: UUID) -> list[UUID]:
    found = (
        select(members.c.id)
        .where(members.c.workspace_id == workspace_id, members.c.role == "admin", members.c.active)
        .order_by(members.c.id)
    )
    return list((await session.scalars(found)).all())


_CALENDAR = text(
    """
    select w.settings, coalesce(
        (select m.time_zone from members m
         where m.workspace_id = :workspace_id and m.id = :member_id), w.time_zone) as zone
    from workspaces w where w.workspace_id = :workspace_id
    """
)


async def calendar_for(
    session: AsyncSession, workspace_id: UUID, member_id: UUID | None
) -> BusinessCalendar:
    """Business hours of the workspace in the member's own time zone."""
    values = {"workspace_id": workspace_id, "member_id": member_id}
    row = (await session.execute(_CALENDAR, values)).one_or_none()
    if row is None:
        return calendar_of({}, ZoneInfo("UTC"))
    return calendar_of(row.settings, ZoneInfo(row.zone))
