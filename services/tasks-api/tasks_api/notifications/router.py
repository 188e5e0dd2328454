from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.schemas import Out
from shared.web.routing import ServiceDep, Uow, api_router, require
from tasks_api.notifications import service

router = api_router("/v1/notifications", "Notifications")


class NotificationOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-6666-7000-8000-00000000c001",
                    "member_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "kind": "task.assigned",
                    "title": "Create a deal room for Acme renewal 2026",
                    "body": "",
                    "subject_type": "task",
                    "subject_id": "0198c0de-2222-7000-8000-00000000a001",
                    "at": "2026-03-02T09:00:00Z",
                    "read_at": None,
                }
            ]
        }
    )

    id: UUID
    member_id: UUID
    kind: str
    title: str
    body: str
    subject_type: str | None
    subject_id: UUID | None
    at: datetime
    read_at: datetime | None


@router.get("", response_model=Page[NotificationOut], summary="List notifications, newest first")
async def list_notifications(
    caller: Annotated[Caller, require("tasks:read")],
    uow: Uow,
    running: ServiceDep,
    member_id: Annotated[
        UUID | None,
        Query(
            description="Default: the caller's own. Others' are for those with `members:write`; a"
            " key without a member says whose."
        ),
    ] = None,
    unread: Annotated[bool, Query()] = False,  # noqa: FBT002  (a query parameter)
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Any:
    return await service.list_notifications(
        uow, caller, member_id, cursor, limit, running.cursors, unread=unread
    )


@router.post(
    "/{notification_id}/read", response_model=NotificationOut, summary="Mark a notification read"
)
async def read_notification(
    notification_id: UUID, caller: Annotated[Caller, require("tasks:write")], uow: Uow
) -> Any:
    return await service.mark_read(uow, caller, notification_id)
