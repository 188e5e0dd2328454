from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.notifications.models import notifications
from tasks_api.notifications.rows import NewNotification, Notification


async def insert_notification(uow: UnitOfWork, new: NewNotification) -> None:
    """Once per member and event."""
    row = (
        insert(notifications)
        .values(**new)
        .on_conflict_do_nothing(
            index_elements=[
                notifications.c.workspace_id,
                notifications.c.member_id,
                notifications.c.event_id,
            ]
        )
    )
    await uow.run(row)


async def notifications_page(
    uow: UnitOfWork, member_id: UUID, before: UUID | None, limit: int, *, unread: bool
) -> list[Notification]:
    """Newest first. One row more than `limit` tells of a next page."""
    page = (
        select(notifications)
        .where(notifications.c.workspace_id == WORKSPACE, notifications.c.member_id == member_id)
        .order_by(notifications.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        page = page.where(notifications.c.id < before)
    if unread:
        page = page.where(notifications.c.read_at.is_(None))
    return await uow.rows(Notification, page)


async def mark_read(
    uow: UnitOfWork, notification_id: UUID, member_id: UUID | None, at: datetime
) -> Notification | None:
    """Of one member, or with None of whomever it is."""
    read = (
        update(notifications)
        .where(
            notifications.c.workspace_id == uow.workspace_id,
            notifications.c.id == notification_id,
        )
        .values(read_at=func.coalesce(notifications.c.read_at, at))
        .returning(notifications)
    )
    if member_id is not None:
        read = read.where(notifications.c.member_id == member_id)
    return await uow.row(Notification, read)
