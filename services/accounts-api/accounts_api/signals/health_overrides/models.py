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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, created, workspace_key

health_overrides = Table(
    "health_overrides",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("score_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("label", Text),
    Column("score", Integer),
    Column("reason", Text, nullable=False),
    Column("valid_from", AT, nullable=False, comment="workspace time"),
    Column("expires_at", AT, nullable=False, comment="workspace time"),
    Column("ended_at", AT, comment="workspace time; null while it holds"),
    Column("ended_by", Text),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "score_id"],
        ["accounts.health_score_types.workspace_id", "accounts.health_score_types.id"],
    ),
    CheckConstraint("score between 0 and 100", name="score"),
    CheckConstraint("(label is null) <> (score is null)", name="one_of_both"),
    CheckConstraint("ended_by in ('person', 'expired', 'deleted', 'archived')", name="ended_by"),
    CheckConstraint("(ended_at is null) = (ended_by is null)", name="ended"),
    Index(
        "uq_health_overrides_active",
        "workspace_id",
        "score_id",
        "record_id",
        unique=True,
        postgresql_where=text("ended_at is null"),
    ),
)

__all__ = ["health_overrides"]
