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
from shared.columns import AT, created, versioned, workspace_key

_LIVE = text("archived_at is null")

health_score_types = Table(
    "health_score_types",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column(
        "stop_at_churn",
        Boolean,
        nullable=False,
        comment="an account keeps the score that it had when it churned",
    ),
    Column(
        "publish_delta",
        Integer,
        nullable=False,
        comment="by how many points a score has moved since it was last told, to be told again",
    ),
    Column(
        "definitions_version",
        Integer,
        nullable=False,
        comment="of the list of definitions, in health_definitions",
    ),
    Column("faults", JSONB(none_as_null=True), comment="why definitions cannot be used any more"),
    Column("archived_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint("record_type in ('account', 'contact', 'organization')", name="record_type"),
    Index(
        "uq_health_score_types_workspace_id_key",
        "workspace_id",
        "key",
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index(
        "uq_health_score_types_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=_LIVE,
    ),
)
health_definitions = Table(
    "health_definitions",
    Base.metadata,
    workspace_key(),
    Column("score_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JSONB, nullable=False, comment="the whole list, in the order it decides"),
    Column("valid_from", AT, nullable=False, comment="workspace time"),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "score_id", "version"),
    ForeignKeyConstraint(
        ["workspace_id", "score_id"],
        ["accounts.health_score_types.workspace_id", "accounts.health_score_types.id"],
    ),
)

__all__ = ["health_definitions", "health_score_types"]
