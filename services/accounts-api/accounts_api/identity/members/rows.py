from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events.accounts import MemberRole


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the workspace."""

    workspace_id: UUID
    id: UUID
    full_name: str
    email: str
    email_key: str
    role: MemberRole
    time_zone: str | None
    external_id: str | None
    calendar_id: UUID | None
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
