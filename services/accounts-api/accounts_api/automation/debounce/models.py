from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, workspace_key

segment_pending_notifications = Table(
    "segment_pending_notifications",
    Base.metadata,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("entered", Boolean, nullable=False),
    Column("at", AT, nullable=False, comment="workspace time of the move"),
    Column("by", Text, nullable=False),
    Column("resumed", Boolean, nullable=False),
    Column("cause", JSONB, nullable=False),
    Column("due_at", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "segment_id", "record_id"),
    ForeignKeyConstraint(
        ["workspace_id", "segment_id"], ["accounts.segments.workspace_id", "accounts.segments.id"]
    ),
    Index(None, "workspace_id", "due_at"),
)

__all__ = ["segment_pending_notifications"]
