from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from shared.auth import Caller
from shared.errors import NotFound, invalid
from shared.ids import new_id
from shared.paging import CursorSigner, page_of
from shared.quiet import quiet_batch_of
from shared.uow import UnitOfWork
from tasks_api.notifications import queries
from tasks_api.notifications.rows import NewNotification, Notification

OTHERS: Final = "members:write"
"""What it takes to see the notifications of somebody else."""


class NotificationNotFound(NotFound):
    code = "notification_not_found"


async def notify(uow: UnitOfWork, notifications: Sequence[NewNotification]) -> None:
    """A member gets one notification for the same `event_id`: of an event, or an assignment. What
    follows from a quiet write notifies nobody.
    """
    if notifications and quiet_batch_of(uow.cause) is None:
        rows = [{"id": new_id(), **notification} for notification in notifications]
        await queries.insert_notifications(uow, rows)


def whose(caller: Caller, member_id: UUID | None) -> UUID:
    """Raises `Forbidden` for those of somebody else, which only an administrator of the members
    may see.
    """
    member_id = member_id or caller.member_id
    if member_id is None:
        message = "This key belongs to no member: say whose notifications."
        raise invalid("/query/member_id", "required", message)
    if member_id != caller.member_id:
        caller.must(OTHERS)
    return member_id


async def list_notifications(
    uow: UnitOfWork,
    caller: Caller,
    member_id: UUID | None,
    cursor: str | None,
    limit: int,
    signer: CursorSigner,
    *,
    unread: bool,
) -> dict[str, Any]:
    member_id = whose(caller, member_id)
    shape = ["notifications", member_id, unread]
    before = UUID(signer.read(cursor, uow.workspace_id, shape)[0]) if cursor else None
    rows = await queries.notifications_page(uow, member_id, before, limit, unread=unread)
    return page_of(rows, limit, signer, uow.workspace_id, shape, ("id",))


async def mark_read(uow: UnitOfWork, caller: Caller, notification_id: UUID) -> Notification:
    """Raises `NotificationNotFound`, also for one that the caller may not see."""
    now = await uow.now()
    anybodys = OTHERS in caller.permissions
    row = None
    if anybodys or caller.member_id is not None:
        member_id = None if anybodys else caller.member_id
        row = await queries.mark_read(uow, notification_id, member_id, now)
    if row is None:
        raise NotificationNotFound("There is no notification with this id.")
    return row
