"""The tables that every service has: workspaces, events and their checkpoints, idempotency keys."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.types import UserDefinedType
from typing_extensions import override

from shared.columns import AT, NOW, created, versioned, workspace_key


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64 bit transaction id, which never wraps."""

    cache_ok = True

    @override
    def get_col_spec(self, **kw: object) -> str:
        return "xid8"


@dataclass(frozen=True)
class Foundation:
    """Tables that `shared.migrations.lay_foundation` creates, on the metadata of one service."""

    workspaces: Table
    events: Table
    checkpoints: Table
    dead_events: Table
    idempotency_keys: Table


def foundation(metadata: MetaData) -> Foundation:
    workspaces = Table(
        "workspaces",
        metadata,
        Column("workspace_id", Uuid, primary_key=True),
        Column("name", Text, nullable=False),
        Column("time_zone", Text, nullable=False, server_default="UTC"),
        Column("currency", String(3), nullable=False, server_default="USD"),
        Column("sandbox", Boolean, nullable=False, server_default=text("false")),
        Column("frozen_at", AT, comment="a sandbox's stopped clock; null runs with the database"),
        Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
        *versioned(),
    )
    events = Table(
        "events",
        metadata,
        workspace_key(),
        Column("id", Uuid, nullable=False),
        Column("xid", Xid8(), nullable=False, server_default=text("pg_current_xact_id()")),
        Column("seq", BigInteger, Identity(always=True), nullable=False),
        Column("name", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("cause", JSONB, nullable=False),
        Column("occurred_at", AT, nullable=False),
        Column("recorded_at", AT, nullable=False, server_default=NOW),
        PrimaryKeyConstraint("workspace_id", "id"),
    )
    Index("ix_events_feed", events.c.xid, events.c.seq)
    checkpoints = Table(
        "checkpoints",
        metadata,
        Column("publisher", Text, primary_key=True),
        Column("shard", Text, primary_key=True),
        Column("cursor", Text, nullable=False, server_default=""),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("last_error", Text),
        Column("moved_at", AT, nullable=False, server_default=NOW),
    )
    dead_events = Table(
        "dead_events",
        metadata,
        workspace_key(),
        Column("publisher", Text, nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("name", Text, nullable=False),
        Column("envelope", JSONB, nullable=False),
        Column("reason", Text, nullable=False),
        Column("died_at", AT, nullable=False, server_default=NOW),
        Column("replayed_at", AT),
        PrimaryKeyConstraint("workspace_id", "publisher", "event_id"),
    )
    idempotency_keys = Table(
        "idempotency_keys",
        metadata,
        workspace_key(),
        Column("principal", Text, nullable=False),
        Column("route", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", BYTEA, nullable=False),
        created(),
        Column("expires_at", AT, nullable=False),
        PrimaryKeyConstraint("workspace_id", "principal", "route", "key"),
    )
    Index("ix_idempotency_keys_expires_at", idempotency_keys.c.expires_at)
    return Foundation(workspaces, events, checkpoints, dead_events, idempotency_keys)
