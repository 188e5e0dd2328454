from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Notification:
    workspace_id: UUID
    id: UUID
    member_id: UUID
    kind: str
    title: str
    body: str
    subject_type: str | None
    subject_id: UUID | None
    event_id: UUID
    """What it is of: the same member gets one for it."""
    at: datetime
    read_at: datetime | None
    created_at: datetime


class NewNotification(TypedDict):
    member_id: UUID
    kind: str
    title: str
    body: str
    subject_type: str | None
    subject_id: UUID | None
    event_id: UUID
