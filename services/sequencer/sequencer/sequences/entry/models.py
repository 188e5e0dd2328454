"""What stands in an opportunity's way, and whose manual entry was asked for."""

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text, Uuid, text

from sequencer.db import Base
from shared.columns import AT, workspace_key

blocks = Table(
    "blocks",
    Base.metadata,
    workspace_key(),
    Column("sequence_id", Uuid, nullable=False),
    Column("opportunity_id", Uuid, nullable=False),
    Column("cause", Text, nullable=False),
    Column("enrollment_id", Uuid),
    Column("available_actions", Text, nullable=False, server_default=text("''")),
    Column("blocked_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "opportunity_id", "cause", "sequence_id"),
)

entry_requests = Table(
    "entry_requests",
    Base.metadata,
    workspace_key(),
    Column("sequence_id", Uuid, nullable=False),
    Column("opportunity_id", Uuid, nullable=False),
    Column("requested_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "opportunity_id", "sequence_id"),
)
