from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts_api.db import Base
from shared.columns import AT, NOW


class AuditEntry(Base):
    """One change of the configuration. The service's role may insert and read, nothing else."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "workspace_id", "target_id", "id"),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str] = mapped_column(Text)
    cause: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    action: Mapped[str] = mapped_column(Text)
    target_type: Mapped[str] = mapped_column(Text)
    target_id: Mapped[UUID | None] = mapped_column(Uuid)
    target_key: Mapped[str | None] = mapped_column(Text, comment="of what has a key and no id")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    service: Mapped[str] = mapped_column(Text, server_default="accounts")
    request_id: Mapped[str | None] = mapped_column(Text, comment="null: no request made it")
