from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.columns import AT, NOW
from sync_worker.db import Base
from sync_worker.partners.webhooks.models import of_endpoint


class WebhookDelivery(Base):
    """One event on its way to one endpoint. A replay is another delivery of the same event.

    `due_at` is the next attempt; while one is under way, the moment from which its worker counts as
    dead, and `lease_token` names that worker's claim.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        of_endpoint("webhook_deliveries"),
        CheckConstraint("origin in ('event', 'replay', 'test')", name="origin"),
        CheckConstraint("status in ('pending', 'succeeded', 'failed')", name="status"),
        Index(
            "ix_webhook_deliveries_due",
            "workspace_id",
            "endpoint_id",
            "due_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_webhook_deliveries_under_way",
            "workspace_id",
            "endpoint_id",
            postgresql_where=text("lease_token is not null"),
        ),
        Index(None, "workspace_id", "endpoint_id", "id"),
        Index(
            "ix_webhook_deliveries_unsuccessful",
            "workspace_id",
            "status",
            "id",
            postgresql_where=text("status <> 'succeeded'"),
        ),
        Index(None, "workspace_id", "event_id"),
        Index("ix_webhook_deliveries_age", "created_at", postgresql_using="brin"),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(Uuid)
    event_id: Mapped[UUID] = mapped_column(Uuid)
    type: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(
        AT,
        server_default=NOW,
        comment="next attempt; while one is under way, when its worker counts as dead",
    )
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    finished_at: Mapped[datetime | None] = mapped_column(AT)
    created_at: Mapped[datetime] = mapped_column(AT, server_default=NOW)

    @property
    def next_attempt_at(self) -> datetime | None:
        waits = self.status == "pending" and self.lease_token is None
        return self.due_at if waits else None


class WebhookAttempt(Base):
    """One POST, or the try of one. Without a status there was no answer; `error` says why."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "delivery_id"],
            ["sync.webhook_deliveries.workspace_id", "sync.webhook_deliveries.id"],
            ondelete="CASCADE",
            name="fk_webhook_attempts_delivery",
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    started_at: Mapped[datetime] = mapped_column(AT)
    status_code: Mapped[int | None] = mapped_column(Integer)
    milliseconds: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str | None] = mapped_column(Text)
