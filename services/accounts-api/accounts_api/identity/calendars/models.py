from sqlalchemy import (
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import versioned, workspace_key

calendars = Table(
    "calendars",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("time_zone", Text, comment="null: that of whoever works by it"),
    Column("is_default", Boolean, nullable=False, server_default=text("false")),
    Column("definition", JSONB, nullable=False, comment="CalendarDefinition of shared.events"),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "key"),
    ForeignKeyConstraint(["workspace_id"], ["accounts.workspaces.workspace_id"]),
)
Index(
    "uq_calendars_default",
    calendars.c.workspace_id,
    unique=True,
    postgresql_where=calendars.c.is_default,
)
