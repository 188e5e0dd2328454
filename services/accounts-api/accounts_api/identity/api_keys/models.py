from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts_api.db import Base
from shared.auth import CredentialRole
from shared.columns import AT, NOW


class ApiKey(Base):
    """A credential of the workspace, with a role of its own, or of one member, with theirs.

    Rolled, it keeps its id: idempotency keys and rate limits go on where they were.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "member_id"], ["accounts.members.workspace_id", "accounts.members.id"]
        ),
        CheckConstraint(
            "role in ('admin', 'leader', 'team_member', 'observer', 'integration')", name="role"
        ),
        CheckConstraint("(role is null) <> (member_id is null)", name="role_or_member"),
        # Not unique, because unique constraints are by workspace; 256 random bits do not meet.
        Index(None, "digest"),
        Index(None, "previous_digest"),
        Index(None, "workspace_id", "member_id"),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(
        Text, comment="SHA-256 of the whole key, hex; 256 random bits need no salt"
    )
    previous_digest: Mapped[str | None] = mapped_column(Text)
    previous_secret_expires_at: Mapped[datetime | None] = mapped_column(AT)
    role: Mapped[CredentialRole | None] = mapped_column(
        Text, comment="of a key of the workspace; a member's key has none"
    )
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    scopes: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    read_only: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    expires_at: Mapped[datetime | None] = mapped_column(AT)
    revoked_at: Mapped[datetime | None] = mapped_column(AT)
    last_used_at: Mapped[datetime | None] = mapped_column(AT)
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
