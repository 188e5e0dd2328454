from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import workspace_key

assignment_backfills = Table(
    "assignment_backfills",
    Base.metadata,
    workspace_key(),
    Column("key_role_id", Uuid, nullable=False),
    Column("run", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("assigned", Integer, nullable=False, server_default=text("0")),
    Column("unassigned", Integer, nullable=False, server_default=text("0")),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "key_role_id"),
    CheckConstraint("mode in ('learn', 'apply')", name="mode"),
    comment="what the backfill of this run is for; other runs are self-checks",
)
