from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base

_ZERO = text("0")


class SyncRun(Base):
    """One pull from a connection or push to it, and how far it came. `objects` counts the same for
    each kind of record of the other system. Of a connection at most one run is queued, one running
    and one held at a time.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        of_connection(),
        CheckConstraint("direction in ('pull', 'push')", name="direction"),
        CheckConstraint("kind in ('full', 'incremental')", name="kind"),
        CheckConstraint(
            "status in ('queued', 'running', 'held', 'succeeded', 'partial', 'failed')",
            name="status",
        ),
        Index(
            "uq_sync_runs_open",
            "workspace_id",
            "connection_id",
            "status",
            unique=True,
            postgresql_where=text("status in ('queued', 'running', 'held')"),
        ),
        Index(None, "workspace_id", "connection_id", "id"),
        Index(None, "finished_at"),
    )
    __mapper_args__ = {"eager_defaults": True}

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid)
    system: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    objects: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    read: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    written: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    unchanged: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    rejected: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    warned: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    deleted: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    requests: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    held: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    approved: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    next_retry_at: Mapped[datetime | None] = mapped_column(AT)
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    started_at: Mapped[datetime | None] = mapped_column(AT)
    finished_at: Mapped[datetime | None] = mapped_column(AT)
