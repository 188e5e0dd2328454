from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.auth import CredentialRole


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A credential of the workspace, with a role of its own, or of one member, with theirs."""

    workspace_id: UUID
    id: UUID
    name: str
    prefix: str
    digest: str
    previous_digest: str | None
    previous_secret_expires_at: datetime | None
    role: CredentialRole | None
    member_id: UUID | None
    scopes: list[str] | None
    read_only: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
