from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.connections.models import of_connection
from sync_worker.db import Base


class DescribedObject(Base):
    """What `describe` last said of an object: the fields that our user may see."""

    __tablename__ = "described_objects"
    __table_args__ = (of_connection(),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    object: Mapped[str] = mapped_column(Text, primary_key=True)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    last_modified: Mapped[str | None] = mapped_column(Text)
    described_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
