from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, NOW, stamps, workspace_key
from sync_worker.connections.models import counted, of_connection
from sync_worker.db import Base

# The newest value of one field of one record there, and whether it has arrived.
write_backs = Table(
    "write_backs",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text(collation="C"), nullable=False),
    Column("field", Text, nullable=False),
    Column("value", JSONB(none_as_null=True)),
    Column("cause", JSONB, nullable=False),
    Column(
        "revision",
        Integer,
        nullable=False,
        server_default="1",
        comment="grows with each newer value, so that an answer for an older one ends nothing",
    ),
    Column("state", Text, nullable=False, server_default="pending"),
    counted("attempts"),
    Column("next_attempt_at", AT, nullable=False, server_default=NOW),
    Column("lease_until", AT),
    Column("reason", Text),
    Column("record_version", BigInteger, nullable=False),
    *stamps(),
    PrimaryKeyConstraint("workspace_id", "connection_id", "object", "external_id", "field"),
    of_connection(),
    CheckConstraint("state in ('pending', 'done', 'rejected')", name="state"),
)
Index(None, write_backs.c.next_attempt_at, postgresql_where=write_backs.c.state == "pending")
