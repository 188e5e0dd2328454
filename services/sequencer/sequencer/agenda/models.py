"""Records to look at again, each with the instant at which something about it may be different."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from sequencer.db import Base
from shared.columns import AT, workspace_key

agenda = Table(
    "agenda",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False),
    Column("due_at", AT, nullable=False),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id"),
    Index("ix_agenda_due", "workspace_id", "due_at"),
)
