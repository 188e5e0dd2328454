from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

_NOTHING = text("'{}'")


product_events = Table(
    "product_events",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("user_id", Text),
    Column("anonymous_id", Text),
    Column("group_id", Text),
    Column("email", Text),
    Column("contact_id", Uuid),
    Column("account_id", Uuid),
    Column("properties", JSONB, nullable=False, server_default=_NOTHING),
    Column("context", JSONB, nullable=False, server_default=_NOTHING),
    Column(
        "counted_properties",
        JSONB,
        comment="the declared properties with which it is counted; null: its name has none",
    ),
    Column(
        "happened_at",
        AT,
        nullable=False,
        comment="workspace time, corrected by the skew of the sender's clock",
    ),
    Column("counted_on", Date, nullable=False, comment="the local day whose roll-up counts it"),
    Column("original_at", AT),
    Column("sent_at", AT),
    Column("received_at", AT, nullable=False, comment="machine time"),
    PrimaryKeyConstraint("workspace_id", "id", "received_at"),
    Index(None, "workspace_id", "happened_at", "id"),
    Index(None, "workspace_id", "name", "happened_at", "id"),
    Index(None, "workspace_id", "account_id", "happened_at", "id"),
    Index(None, "workspace_id", "contact_id", "happened_at", "id"),
    postgresql_partition_by="range (received_at)",
)
product_event_messages = Table(
    "product_event_messages",
    Base.metadata,
    workspace_key(),
    Column("message_id", Text, nullable=False),
    Column("received_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "message_id"),
    Index(None, "received_at"),
)
product_event_waiting = Table(
    "product_event_waiting",
    Base.metadata,
    workspace_key(),
    Column(
        "key",
        Text,
        nullable=False,
        comment="what it waits for: user:<external id>, email:<address>, group:<external id>"
        " or links:<contact>",
    ),
    Column("event_id", Uuid, nullable=False),
    Column("received_at", AT, nullable=False),
    Column(
        "looked_again",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="false: what it waits for may have come in a transaction that neither saw",
    ),
    PrimaryKeyConstraint("workspace_id", "key", "event_id"),
    Index(None, "received_at"),
    Index(
        "ix_product_event_waiting_fresh",
        "received_at",
        postgresql_where=text("not looked_again"),
    ),
)

__all__ = [
    "product_event_messages",
    "product_event_waiting",
    "product_events",
]
