from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.identity.members.models import Member
from shared.auth import Role

_SEATS = text(
    """
    select coalesce(w.settings ->> 'seat_limit', '') as seat_limit,
           (select count(*) from members m
            where m.workspace_id = :workspace_id and m.active and m.role <> 'observer'
              and m.id is distinct from :other_than) as paid,
           (select count(*) from members m
            where m.workspace_id = :workspace_id and m.active and m.role = 'admin'
              and m.id is distinct from :other_than) as admins
    from workspaces w where w.workspace_id = :workspace_id
    """
)
_LOCK = text("select 1 from workspaces where workspace_id = :workspace_id for no key update")


@dataclass(frozen=True)
class Seats:
    """Without one member: what the workspace has, and may have."""

    paid: int
    admins: int
    limit: int | None


async def lock_membership(session: AsyncSession, workspace_id: UUID) -> None:
    """One change of members at a time, so that seats and admins are counted truly."""
    await session.execute(_LOCK, {"workspace_id": workspace_id})


async def seats_without(
    session: AsyncSession, workspace_id: UUID, member_id: UUID | None
) -> Seats | None:
    """None when there is no such workspace."""
    given = {"workspace_id": workspace_id, "other_than": member_id}
    row = (await session.execute(_SEATS, given)).one_or_none()
    if row is None:
        return None
    return Seats(row.paid, row.admins, int(row.seat_limit) if row.seat_limit else None)


async def member_by_id(session: AsyncSession, workspace_id: UUID, member_id: UUID) -> Member | None:
    found = select(Member).where(Member.workspace_id == workspace_id, Member.id == member_id)
    return (await session.scalars(found)).one_or_none()


async def member_by_external_id(
    session: AsyncSession, workspace_id: UUID, external_id: str
) -> Member | None:
    found = select(Member).where(
        Member.workspace_id == workspace_id, Member.external_id == external_id
    )
    return (await session.scalars(found)).one_or_none()


async def member_by_email(session: AsyncSession, workspace_id: UUID, key: str) -> Member | None:
    found = select(Member).where(Member.workspace_id == workspace_id, Member.email_key == key)
    return (await session.scalars(found)).one_or_none()


async def members_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    after: tuple[str, UUID] | None,
    email_key: str | None,
    role: Role | None,
    active: bool | None,
    limit: int,
) -> Sequence[Member]:
    page = select(Member).where(Member.workspace_id == workspace_id)
    if after is not None:
        page = page.where(tuple_(Member.full_name, Member.id) > tuple_(*after))
    if email_key is not None:
        page = page.where(Member.email_key == email_key)
    if role is not None:
        page = page.where(Member.role == role)
    if active is not None:
        page = page.where(Member.active == active)
    page = page.order_by(Member.full_name, Member.id).limit(limit + 1)
    return (await session.scalars(page)).all()
