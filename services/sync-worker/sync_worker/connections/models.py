from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.db import Base


def of_connection() -> ForeignKeyConstraint:
    """What belongs to a connection goes with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "connection_id"],
        ["sync.connections.workspace_id", "sync.connections.id"],
        ondelete="CASCADE",
    )


class Connection(Base):
    """A link to one outside system, with its schedule, its health and its lease.

    `lease_token` names the worker that reads from it now: one at a time, until `lease_until`.
    """

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint("status in ('ok', 'failing', 'needs_reauth', 'paused')", name="status"),
        Index(
            "uq_connections_workspace_id_title",
            "workspace_id",
            "title",
            unique=True,
            postgresql_where=text("removed_at is null"),
        ),
        Index(
            "ix_connections_system_next_run_at",
            "system",
            "next_run_at",
            postgresql_where=text("status in ('ok', 'failing') and removed_at is null"),
        ),
    )
    __mapper_args__ = {"eager_defaults": True}

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    system: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    credentials: Mapped[bytes] = mapped_column(
        LargeBinary, comment="sealed, bound to workspace, table and row"
    )
    mapping: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="null: the mapping that ships"
    )
    mapping_version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    every_seconds: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text, server_default="ok")
    reason: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_run_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_until: Mapped[datetime | None] = mapped_column(AT)
    synced_at: Mapped[datetime | None] = mapped_column(AT)
    full_sync_at: Mapped[datetime | None] = mapped_column(AT)
    rejected_records: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="as of the last run"
    )
    warned_records: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="here without some value, as of the last run"
    )
    owners_told: Mapped[int] = mapped_column(
        Integer,
        server_default=text("0"),
        comment="version of it and its mapping of which others know the fields that it owns",
    )
    removed_at: Mapped[datetime | None] = mapped_column(AT)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        AT, server_default=NOW, onupdate=func.clock_timestamp()
    )


class ConnectionToken(Base):
    """The session that the other system gave us. `refreshing_*` lets one process at a time ask for
    a new one, without a lock held across the network.
    """

    __tablename__ = "connection_tokens"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    obtained_at: Mapped[datetime | None] = mapped_column(AT)
    refreshing_by: Mapped[UUID | None] = mapped_column(Uuid)
    refreshing_until: Mapped[datetime | None] = mapped_column(AT)
