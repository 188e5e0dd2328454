from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.db import Base


def of_endpoint(table: str) -> ForeignKeyConstraint:
    """What belongs to an endpoint goes with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "endpoint_id"],
        ["sync.webhook_endpoints.workspace_id", "sync.webhook_endpoints.id"],
        ondelete="CASCADE",
        name=f"fk_{table}_endpoint",
    )


class WebhookEndpoint(Base):
    """A partner's URL, what it wants to hear, and how it is doing."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("status in ('enabled', 'disabled')", name="status"),)
    __mapper_args__ = {"eager_defaults": True}

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    headers: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="sealed JSON object, bound to workspace, table and row"
    )
    header_names: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text, server_default="enabled")
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="attempts in a row that did not succeed"
    )
    failing_since: Mapped[datetime | None] = mapped_column(AT)
    rests_until: Mapped[datetime | None] = mapped_column(
        AT,
        comment="nothing is sent before: it failed several times in a row, or asked for a pause",
    )
    removed_at: Mapped[datetime | None] = mapped_column(AT)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)


class WebhookSecret(Base):
    """What signs for an endpoint. After a rotation the old one signs beside the new for a day."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (of_endpoint("webhook_secrets"),)

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None] = mapped_column(
        AT, comment="null: the one that partners should use"
    )
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)
