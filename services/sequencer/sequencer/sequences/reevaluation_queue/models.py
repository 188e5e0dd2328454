"""Records to look at again, each with the instant at which something about it may be different; and
those in quarantine, which could not be evaluated.
"""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from sequencer.db import Base
from shared.columns import AT, workspace_key

reevaluation_queue = Table(
    "reevaluation_queue",
    Base.metadata,
    workspace_key(),
    Column("opportunity_id", Uuid, nullable=False),
    Column("due_at", AT, nullable=False),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "opportunity_id"),
    Index("ix_reevaluation_queue_due", "workspace_id", "due_at"),
)

quarantined_opportunities = Table(
    "quarantined_opportunities",
    Base.metadata,
    workspace_key(),
    Column("opportunity_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "opportunity_id"),
)
