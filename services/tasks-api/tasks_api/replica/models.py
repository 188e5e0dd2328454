"""What the accounts service told us of members and accounts: enough to find an assignee."""

from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import workspace_key
from tasks_api.db import Base

members = Table(
    "members",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("time_zone", Text),
    Column("active", Boolean, nullable=False),
    Column("calendar_id", Uuid),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)

accounts = Table(
    "accounts",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_roles", JSONB, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("ignored", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
