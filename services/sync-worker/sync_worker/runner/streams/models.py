from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base


class SyncStream(Base):
    """How far a stream of a connection has been read.

    The checkpoint is made and read by the connector alone. `scan_id` marks a reading of all rows
    that is under way: what it does not meet is gone.
    """

    __tablename__ = "sync_streams"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    checkpoint: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    complete_until: Mapped[datetime | None] = mapped_column(
        AT, comment="the source's clock up to which no row is missing"
    )
    scan_id: Mapped[UUID | None] = mapped_column(Uuid)
    scanned_at: Mapped[datetime | None] = mapped_column(
        AT, comment="our clock when all rows had been met last; null asks for it"
    )
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class DescribedObject(Base):
    """What the source last said of a stream: the fields that our user may see."""

    __tablename__ = "described_objects"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    object: Mapped[str] = mapped_column(Text, primary_key=True)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    last_modified: Mapped[str | None] = mapped_column(Text)
    described_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
