from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, workspace_key

product_event_names = Table(
    "product_event_names",
    Base.metadata,
    workspace_key(),
    Column("name", Text, nullable=False),
    Column("first_seen_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "name"),
)
product_event_tallies = Table(
    "product_event_tallies",
    Base.metadata,
    workspace_key(),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False, comment="of a track message; empty for other types"),
    Column(
        "shard",
        BigInteger,
        nullable=False,
        comment="of the connection, so that requests need not queue",
    ),
    Column("accepted", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "type", "name", "shard"),
)
product_event_refusals = Table(
    "product_event_refusals",
    Base.metadata,
    workspace_key(),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", AT, nullable=False),
    Column("message_id", Text),
    Column("faults", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "type", "name"),
    comment="the last of each type and name",
)
product_event_watchers = Table(
    "product_event_watchers",
    Base.metadata,
    workspace_key(),
    Column(
        "holder",
        Text,
        nullable=False,
        comment="what of another service watches the name, such as sync:webhook_endpoint:<id>",
    ),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "holder", "name"),
    Index(None, "workspace_id", "name"),
)

__all__ = [
    "product_event_names",
    "product_event_refusals",
    "product_event_tallies",
    "product_event_watchers",
]
