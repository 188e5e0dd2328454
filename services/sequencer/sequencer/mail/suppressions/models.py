"""Addresses that nothing is sent to."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from sequencer.db import Base
from shared.columns import AT, workspace_key

suppressions = Table(
    "suppressions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("message_id", Uuid),
    Column("expires_at", AT, comment="workspace time; null lasts until lifted"),
    Column("created_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "address"),
    CheckConstraint(
        "reason in ('hard_bounce', 'soft_bounces', 'unsubscribed', 'complained', 'manual')",
        name="reason",
    ),
)
