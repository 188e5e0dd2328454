from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base


class WriteBack(Base):
    """The newest value of one field of one record there, and whether it has arrived."""

    __tablename__ = "write_backs"
    __table_args__ = (
        of_connection(),
        CheckConstraint("state in ('pending', 'done', 'rejected')", name="state"),
        Index(None, "next_attempt_at", postgresql_where=text("state = 'pending'")),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    object: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    cause: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    revision: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        comment="grows with each newer value, so that an answer for an older one ends nothing",
    )
    state: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    lease_until: Mapped[datetime | None] = mapped_column(AT)
    reason: Mapped[str | None] = mapped_column(Text)
    record_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
