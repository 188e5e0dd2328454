from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key

_LIVE = text("archived_at is null")

metric_definitions = Table(
    "metric_definitions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("record_type", Text, nullable=False),
    Column(
        "document",
        JSONB,
        nullable=False,
        comment="the sources, and how the value is worked out of them",
    ),
    Column("faults", JSONB(none_as_null=True), comment="why it cannot be worked out any more"),
    Column("archived_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint("record_type in ('organization', 'account', 'contact')", name="record_type"),
    Index(
        "uq_metric_definitions_workspace_id_key",
        "workspace_id",
        "key",
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index(
        "uq_metric_definitions_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=_LIVE,
    ),
)
metric_versions = Table(
    "metric_versions",
    Base.metadata,
    workspace_key(),
    Column("metric_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("valid_from", AT, nullable=False, comment="workspace time from which it was so"),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "metric_id", "version"),
    ForeignKeyConstraint(
        ["workspace_id", "metric_id"],
        ["accounts.metric_definitions.workspace_id", "accounts.metric_definitions.id"],
    ),
)

__all__ = ["metric_definitions", "metric_versions"]
