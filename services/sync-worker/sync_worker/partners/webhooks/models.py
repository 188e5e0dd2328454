from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from shared.columns import AT, created, versioned, workspace_key
from shared.keys import key_column
from sync_worker.db import Base
from sync_worker.partners.webhooks.rows import ENDPOINT_STATUSES


def of_endpoint(table: str) -> ForeignKeyConstraint:
    """What belongs to an endpoint goes with it."""
    return ForeignKeyConstraint(
        ["workspace_id", "endpoint_id"],
        ["sync.webhook_endpoints.workspace_id", "sync.webhook_endpoints.id"],
        ondelete="CASCADE",
        name=f"fk_{table}_endpoint",
    )


webhook_endpoints = Table(
    "webhook_endpoints",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    key_column(),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("include_quiet", Boolean, nullable=False, server_default=text("false")),
    Column(
        "product_events",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="names of product events to hear of",
    ),
    Column("headers", LargeBinary, comment="sealed JSON object, bound to workspace, table and row"),
    Column("header_names", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False, server_default="enabled"),
    Column("disabled_reason", Text),
    Column(
        "failures",
        Integer,
        nullable=False,
        server_default="0",
        comment="attempts in a row that did not succeed",
    ),
    Column("failing_since", AT),
    Column(
        "rests_until",
        AT,
        comment="nothing is sent before: it failed several times in a row, or asked for a pause",
    ),
    Column("removed_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint(f"status in {ENDPOINT_STATUSES}", name="status"),
    Index(
        "uq_webhook_endpoints_workspace_id_key",
        "workspace_id",
        "key",
        unique=True,
        postgresql_where=text("removed_at is null"),
    ),
)

webhook_secrets = Table(
    "webhook_secrets",
    Base.metadata,
    workspace_key(),
    Column("endpoint_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", AT, comment="null: the one that partners should use"),
    created(),
    PrimaryKeyConstraint("workspace_id", "endpoint_id", "id"),
    of_endpoint("webhook_secrets"),
)
