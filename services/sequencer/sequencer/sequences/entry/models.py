"""What stands in a record's way, and who was asked to be entered by hand."""

from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text, Uuid, text

from sequencer.db import Base
from shared.columns import AT, workspace_key

blocks = Table(
    "blocks",
    Base.metadata,
    workspace_key(),
    Column("sequence_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("cause", Text, nullable=False),
    Column("enrollment_id", Uuid),
    Column("offers", Text, nullable=False, server_default=text("''")),
    Column("blocked_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id", "cause", "sequence_id"),
)

entry_requests = Table(
    "entry_requests",
    Base.metadata,
    workspace_key(),
    Column("sequence_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("requested_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id", "sequence_id"),
)
