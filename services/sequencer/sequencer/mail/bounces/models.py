"""Reports that a mail of ours reached nobody."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from sequencer.db import Base
from shared.columns import AT, workspace_key

bounces = Table(
    "bounces",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("address", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text),
    Column("diagnostic", Text),
    Column("received_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "message_id"],
        ["sequencer.messages.workspace_id", "sequencer.messages.id"],
    ),
    CheckConstraint("kind in ('hard', 'soft')", name="kind"),
    Index("ix_bounces_address", "workspace_id", "address", "received_at"),
)
