from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import func, select, text, update

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.notifications.models import notifications
from tasks_api.notifications.rows import Notification

_INSERT = text(
    """
    insert into notifications
        (workspace_id, id, member_id, kind, title, body, subject_type, subject_id, event_id, at)
    select :workspace_id, n.id, n.member_id, n.kind, n.title, n.body, n.subject_type, n.subject_id,
           n.event_id, workspace_now(:workspace_id)
    from jsonb_to_recordset(cast(:rows as jsonb))
           as n(id uuid, member_id uuid, kind text, title text, body text, subject_type text,
                subject_id uuid, event_id uuid)
    on conflict (workspace_id, member_id, event_id) do nothing
    """
)


async def insert_notifications(uow: UnitOfWork, new: Sequence[Mapping[str, object]]) -> None:
    """Each once per member and event."""
    await uow.run(_INSERT, rows=to_json(new).decode())


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
