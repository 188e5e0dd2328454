from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, NOW, versioned, workspace_key
from sync_worker.connections.rows import STATUSES
from sync_worker.db import Base


def of_connection() -> ForeignKeyConstraint:
    """What belongs to a connection goes with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "connection_id"],
        ["sync.connections.workspace_id", "sync.connections.id"],
        ondelete="CASCADE",
    )


def counted(name: str, comment: str | None = None) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default="0", comment=comment)


# `lease_token` names the worker that reads from it now: one at a time, until `lease_until`.
connections = Table(
    "connections",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("system", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column(
        "credentials",
        LargeBinary,
        nullable=False,
        comment="sealed, bound to workspace, table and row",
    ),
    Column("mapping", JSONB(none_as_null=True), comment="null: the mapping that ships"),
    Column("mapping_version", Integer, nullable=False, server_default="1"),
    Column("every_seconds", Integer, nullable=False),
    Column("status", Text, nullable=False, server_default="ok"),
    Column("reason", Text),
    counted("failures"),
    Column("next_run_at", AT, nullable=False, server_default=NOW),
    Column("lease_token", Uuid),
    Column("lease_until", AT),
    Column("synced_at", AT),
    Column("full_sync_at", AT),
    counted("rejected_records", "as of the last run"),
    counted("warned_records", "here without some value, as of the last run"),
    counted(
        "owners_told", "version of it and its mapping of which others know the fields that it owns"
    ),
    Column("removed_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint(f"status in {STATUSES}", name="status"),
)
_is_there = connections.c.removed_at.is_(None)
Index(
    "uq_connections_workspace_id_title",
    connections.c.workspace_id,
    connections.c.title,
    unique=True,
    postgresql_where=_is_there,
)
Index(
    "ix_connections_system_next_run_at",
    connections.c.system,
    connections.c.next_run_at,
    postgresql_where=connections.c.status.in_(("ok", "failing")) & _is_there,
)

# The session that the other system gave us. `refreshing_*` lets one process at a time ask for a new
# one, without a lock held across the network.
connection_tokens = Table(
    "connection_tokens",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("sealed", LargeBinary),
    counted("generation"),
    Column("obtained_at", AT),
    Column("refreshing_by", Uuid),
    Column("refreshing_until", AT),
    PrimaryKeyConstraint("workspace_id", "connection_id"),
    of_connection(),
)
