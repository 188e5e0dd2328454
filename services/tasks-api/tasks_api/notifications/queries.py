from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.fetch import Row, fetch_all, fetch_maybe
from tasks_api.notifications.models import notifications


async def insert_notification(session: AsyncSession, values: dict[str, Any]) -> None:
    """Once per member and event."""
    row = (
        insert(notifications)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=[
                notifications.c.workspace_id,
                notifications.c.member_id,
                notifications.c.event_id,
            ]
        )
    )
    await session.execute(row)


async def notifications_page(
    session: AsyncSession,
    workspace_id: UUID,
    member_id: UUID,
    before: UUID | None,
    limit: int,
    *,
    unread: bool,
) -> list[Row]:
    found = (
        select(notifications)
        .where(notifications.c.workspace_id == workspace_id, notifications.c.member_id == member_id)
        .order_by(notifications.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        found = found.where(notifications.c.id < before)
    if unread:
        found = found.where(notifications.c.read_at.is_(None))
    return await fetch_all(session, found)


async def mark_read(
    session: AsyncSession,
    workspace_id: UUID,
    notification_id: UUID,
    member_id: UUID | None,
    at: datetime,
) -> Row | None:
    """Of one member, or with None of whomever it is."""
    read = (
        update(notifications)
        .where(notifications.c.workspace_id == workspace_id, notifications.c.id == notification_id)
        .values(read_at=func.coalesce(notifications.c.read_at, at))
        .returning(notifications)
    )
    if member_id is not None:
        read = read.where(notifications.c.member_id == member_id)
    return await fetch_maybe(session, read)
