from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.base import CauseType
from shared.schemas import Out

_EVENT_EXAMPLE: dict[str, Any] = {
    "id": "0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b",
    "type": "task.opened",
    "timestamp": "2026-03-02T09:00:00.120000Z",
    "recorded_at": "2026-03-02T09:00:00.184211Z",
    "data": {
        "task_id": "0199a3f2-6d00-7a11-8c3e-5b7d9f1a2c3d",
        "title": "Create a deal room for Northwind",
        "cause": "no_deal_room",
        "subject_type": "opportunity",
        "subject_id": "0199a3ee-11aa-7b22-9c33-dd44ee55ff66",
        "account_id": "0199a3ee-10aa-7b22-9c33-dd44ee55ff66",
        "assignee_id": "0199a3ed-00aa-7b22-9c33-dd44ee55ff66",
        "due_at": "2026-03-04T09:00:00Z",
    },
    "cause": [
        {
            "type": "sequence",
            "id": "0199a3d0-4b1e-7d07-8a52-6c1f2a9e4b3d",
            "label": "Scaled renewals",
        }
    ],
    "quiet_batch_id": None,
    "cursor": "AAAAAAABWZIAAAAAAAAQBy1t9xC0Yk5o",
}


class EventCause(Out):
    """One link of the chain that answers why something happened: who or what acted."""

    type: CauseType
    id: str = Field(description="The id of who or what acted.")
    label: Annotated[
        str | None, Field(description="A name of it, for people; null: none is known.")
    ] = None


class EventOut(Out):
    """Something that happened, as the feed has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVENT_EXAMPLE]})

    id: UUID = Field(description="The same here, in `webhook-id` and in every repetition.")
    type: str = Field(description="One of the types under `webhooks` in this document.")
    timestamp: datetime = Field(description="When it happened, by the workspace's clock.")
    recorded_at: datetime = Field(description="When it came to the feed.")
    data: dict[str, Any] = Field(description="What happened, by the `type`.")
    cause: list[EventCause] = Field(description="Who or what did it, the origin first.")
    quiet_batch_id: UUID | None = Field(
        description="The quiet batch that it follows from, such as an import; null: it happened as"
        " always."
    )
    cursor: str = Field(description="`after` this one.")


class EventPage(Out):
    """A page of the feed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [_EVENT_EXAMPLE],
                    "next_after": "AAAAAAABWZMAAAAAAAAAAOfWq0pI5c0v",
                    "has_more": False,
                }
            ]
        }
    )

    data: list[EventOut] = Field(description="The events, in the order of the feed.")
    next_after: str = Field(
        description="Keep it and go on from there: it is set on the last page too."
    )
    has_more: bool = Field(description="Whether there are further events already.")
