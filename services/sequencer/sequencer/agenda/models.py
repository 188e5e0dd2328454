"""Records to look at again, each with the instant at which something about it may be different."""

from sqlalchemy import Column, DateTime, Index, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from sequencer.db import Base

agenda = Table(
    "agenda",
    Base.metadata,
    Column("workspace_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id"),
    Index("ix_agenda_due", "workspace_id", "due_at"),
)
