"""Members are never deleted: history names them; `active` ends their access."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from accounts_api.db import Base
from shared.columns import versioned, workspace_key

members = Table(
    "members",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    # As `shared.mail.addresses.email_key` makes it: the same mailbox is the same person.
    Column("email_key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("time_zone", Text),
    Column("external_id", Text),
    Column("calendar_id", Uuid, comment="null: the workspace's default"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "email_key"),
    UniqueConstraint("workspace_id", "external_id"),
    ForeignKeyConstraint(["workspace_id"], ["accounts.workspaces.workspace_id"]),
    ForeignKeyConstraint(
        ["workspace_id", "calendar_id"],
        ["accounts.calendars.workspace_id", "accounts.calendars.id"],
    ),
    CheckConstraint("role in ('admin', 'leader', 'team_member', 'observer')", name="role"),
)
Index(None, members.c.workspace_id, members.c.full_name, members.c.id)
