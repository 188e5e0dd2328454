"""Batches of quiet writes, and the entries that each has held back."""

from sqlalchemy import (
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

from sequencer.db import Base
from sequencer.sequences.quiet_entries.rows import ENTRY_STATUSES
from shared.columns import AT, workspace_key

quiet_batches = Table(
    "quiet_batches",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("cause", JSONB, nullable=False, comment="of the first write, without the batch itself"),
    Column("opened_at", AT, nullable=False, comment="workspace time"),
    Column("written_at", AT, nullable=False, comment="of the last write we heard of"),
    PrimaryKeyConstraint("workspace_id", "id"),
)

quiet_entries = Table(
    "quiet_entries",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("batch_id", Uuid, nullable=False),
    Column("sequence_id", Uuid, nullable=False),
    Column("opportunity_id", Uuid, nullable=False),
    Column("entry", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text, comment="why it was refused, for people"),
    Column("held_at", AT, nullable=False),
    Column("due_at", AT, comment="when its turn comes, once it is released"),
    Column("decided_at", AT, comment="when it entered, was refused or let go of"),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "batch_id"],
        ["sequencer.quiet_batches.workspace_id", "sequencer.quiet_batches.id"],
    ),
    CheckConstraint(f"status in {ENTRY_STATUSES}", name="status"),
)
_c = quiet_entries.c
# At most one of them stands between a record and a sequence.
Index(
    "uq_quiet_entries_standing",
    _c.workspace_id,
    _c.opportunity_id,
    _c.sequence_id,
    unique=True,
    postgresql_where=text("status in ('held', 'released')"),
)
Index("ix_quiet_entries_batch", _c.workspace_id, _c.batch_id, _c.id)
