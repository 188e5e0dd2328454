from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base


class SourceRecord(Base):
    """What its system last said of one record, in our words, and what became of it.

    `synced` took effect, `rejected` is tried again at `retry_at`, `stale` must be
    sent again because what it points to changed, `pending_deletion` was deleted there and
    not yet here.
    """

    __tablename__ = "source_records"
    __table_args__ = (
        of_connection(),
        CheckConstraint(
            "state in ('synced', 'rejected', 'stale', 'pending_deletion', 'deleted', 'merged')",
            name="state",
        ),
        Index(
            "ix_source_records_open",
            "workspace_id",
            "connection_id",
            "object",
            "state",
            "retry_at",
            postgresql_where=text("state in ('rejected', 'stale', 'pending_deletion')"),
        ),
        Index(
            "ix_source_records_left_out",
            "workspace_id",
            "connection_id",
            "object",
            "external_id",
            postgresql_where=text("left_out <> '[]'"),
        ),
        Index(
            "ix_source_records_parent",
            "workspace_id",
            "connection_id",
            "object",
            "parent_id",
            postgresql_where=text("parent_id is not null"),
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    object: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    modstamp: Mapped[datetime] = mapped_column(AT)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    parent_id: Mapped[str | None] = mapped_column(Text(collation="C"))
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    left_out: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB,
        server_default=text("'[]'"),
        comment="values that the record is here without, and why",
    )
    merged_into: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    retry_at: Mapped[datetime | None] = mapped_column(AT)
    scan_id: Mapped[UUID | None] = mapped_column(Uuid)
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
