from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, NOW, workspace_key
from sync_worker.connections.models import of_connection
from sync_worker.db import Base

# How far a stream of a connection has been read. The checkpoint is made and read by the connector
# alone. `scan_id` marks a reading of all rows that is under way: what it does not meet is gone.
sync_streams = Table(
    "sync_streams",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("checkpoint", JSONB(none_as_null=True)),
    Column("complete_until", AT, comment="the source's clock up to which no row is missing"),
    Column("scan_id", Uuid),
    Column("scanned_at", AT, comment="our clock when all rows had been met last; null asks for it"),
    Column("updated_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "connection_id", "stream"),
    of_connection(),
)

# What the source last said of a stream: the fields that our user may see.
described_objects = Table(
    "described_objects",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("object", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("last_modified", Text),
    Column("described_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "connection_id", "object"),
    of_connection(),
)
