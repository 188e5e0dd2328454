"""Records to look at again, each with the instant at which something about it may be different; and
those that could not be judged.
"""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid
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

set_aside_records = Table(
    "set_aside_records",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "record_id"),
)
