"""Rolled, a key keeps its id: idempotency keys and rate limits go on where they were."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, created, workspace_key

api_keys = Table(
    "api_keys",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column(
        "digest",
        Text,
        nullable=False,
        comment="SHA-256 of the whole key, hex; 256 random bits need no salt",
    ),
    Column("previous_digest", Text),
    Column("previous_secret_expires_at", AT),
    Column("role", Text, comment="of a key of the workspace; a member's key has none"),
    Column("member_id", Uuid),
    Column("scopes", JSONB(none_as_null=True)),
    Column("read_only", Boolean, nullable=False, server_default=text("false")),
    Column("expires_at", AT),
    Column("revoked_at", AT),
    Column("last_used_at", AT),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "member_id"], ["accounts.members.workspace_id", "accounts.members.id"]
    ),
    CheckConstraint(
        "role in ('admin', 'leader', 'team_member', 'observer', 'integration')", name="role"
    ),
    CheckConstraint("(role is null) <> (member_id is null)", name="role_or_member"),
)
# Not unique, because unique constraints are by workspace; 256 random bits do not meet.
Index(None, api_keys.c.digest)
Index(None, api_keys.c.previous_digest)
Index(None, api_keys.c.workspace_id, api_keys.c.member_id)
