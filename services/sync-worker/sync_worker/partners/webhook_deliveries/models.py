from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from shared.columns import AT, NOW, created, workspace_key
from sync_worker.db import Base
from sync_worker.partners.webhook_deliveries.rows import ORIGINS, VERDICTS
from sync_worker.partners.webhooks.models import of_endpoint

# `lease_token` names the claim of the worker that sends it now.
webhook_deliveries = Table(
    "webhook_deliveries",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column(
        "due_at",
        AT,
        nullable=False,
        server_default=NOW,
        comment="next attempt; while one is under way, when its worker counts as dead",
    ),
    Column("lease_token", Uuid),
    Column("finished_at", AT),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
    of_endpoint("webhook_deliveries"),
    CheckConstraint(f"origin in {ORIGINS}", name="origin"),
    CheckConstraint(f"status in {VERDICTS}", name="status"),
)
_c = webhook_deliveries.c
Index(
    "ix_webhook_deliveries_due",
    _c.workspace_id,
    _c.endpoint_id,
    _c.due_at,
    postgresql_where=_c.status == "pending",
)
Index(
    "ix_webhook_deliveries_under_way",
    _c.workspace_id,
    _c.endpoint_id,
    postgresql_where=_c.lease_token.is_not(None),
)
Index(None, _c.workspace_id, _c.endpoint_id, _c.id)
Index(
    "ix_webhook_deliveries_unsuccessful",
    _c.workspace_id,
    _c.status,
    _c.id,
    postgresql_where=_c.status != "succeeded",
)
Index(None, _c.workspace_id, _c.event_id)
Index("ix_webhook_deliveries_age", _c.created_at, postgresql_using="brin")

webhook_attempts = Table(
    "webhook_attempts",
    Base.metadata,
    workspace_key(),
    Column("delivery_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False, autoincrement=False),
    Column("started_at", AT, nullable=False),
    Column("status_code", Integer),
    Column("milliseconds", Integer),
    Column("error", Text),
    Column("response", Text),
    PrimaryKeyConstraint("workspace_id", "delivery_id", "number"),
    ForeignKeyConstraint(
        ["workspace_id", "delivery_id"],
        ["sync.webhook_deliveries.workspace_id", "sync.webhook_deliveries.id"],
        ondelete="CASCADE",
        name="fk_webhook_attempts_delivery",
    ),
)
