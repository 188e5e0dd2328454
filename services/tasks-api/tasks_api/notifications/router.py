from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import ConfigDict, Field

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.schemas import Out
from shared.web.routing import ServiceDep, Uow, api_router, require
from tasks_api.notifications import service

router = api_router("/v1/notifications", "Notifications")


class NotificationOut(Out):
    """What a member was told, once for each event or assignment; never of an act of their own."""

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
    member_id: UUID = Field(description="The id of the member who was told.")
    kind: str = Field(
        description="What it is about, such as `task.assigned`, `task.key_role_vacant`,"
        " `contact.replied`, `connection.needs_reauth` or `webhook_endpoint.disabled`."
    )
    title: str = Field(description="What happened, on one line.")
    body: str = Field(description="More about it: plain text, empty when there is no more.")
    subject_type: str | None = Field(
        description="What `subject_id` is the id of, such as `task`, `opportunity` or `connection`."
    )
    subject_id: UUID | None = Field(description="The id of what it is about.")
    at: datetime = Field(description="When the member was told, in UTC.")
    read_at: datetime | None = Field(description="When it was first marked read; null: unread.")


@router.get("", response_model=Page[NotificationOut], summary="List notifications")
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
    unread: Annotated[  # noqa: FBT002  (a query parameter)
        bool, Query(description="With `true`, only those not marked read.")
    ] = False,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Any:
    """One member's notifications, newest first."""
    return await service.list_notifications(
        uow, caller, member_id, cursor, limit, running.cursors, unread=unread
    )


@router.post("/{id}/read", response_model=NotificationOut, summary="Mark a notification as read")
async def mark_notification_read(
    notification_id: Annotated[UUID, Path(alias="id", description="The id of the notification.")],
    caller: Annotated[Caller, require("tasks:write")],
    uow: Uow,
) -> Any:
    """Marks the caller's own, or with `members:write` anybody's. A repeated call changes nothing:
    `read_at` stays at the first.
    """
    return await service.mark_read(uow, caller, notification_id)
