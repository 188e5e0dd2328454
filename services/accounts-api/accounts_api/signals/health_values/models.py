from typing import Any

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key


def _verdict() -> tuple[Column[Any], ...]:
    """What is said of a record's health: what holds, and what was computed beneath an override."""
    return (
        Column("score", Integer, comment="0 to 100; null: none"),
        Column("label", Text),
        Column("computed_score", Integer),
        Column("computed_label", Text),
        Column("definition_key", Text),
        Column("definitions_version", Integer, comment="of the list that decided"),
        Column("points", ARRAY(Integer), comment="hundredths, of each measure in its order"),
        Column("null_reason", Text),
        Column("capped_by", Text),
        Column("override_id", Uuid),
    )


def _of_score() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "score_id"],
        ["accounts.health_score_types.workspace_id", "accounts.health_score_types.id"],
    )


health_scores = Table(
    "health_scores",
    Base.metadata,
    workspace_key(),
    Column("score_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    *_verdict(),
    Column("label_since", AT, nullable=False, comment="workspace time"),
    Column("told_score", Integer, comment="what health.score_changed said last"),
    Column("computed_at", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "score_id", "record_id"),
    _of_score(),
    CheckConstraint("score between 0 and 100", name="score"),
    Index("ix_health_scores_label", "workspace_id", "score_id", "label", "record_id"),
    Index("ix_health_scores_score", "workspace_id", "score_id", "score", "record_id"),
    Index("ix_health_scores_of_record", "workspace_id", "record_id"),
    postgresql_with={"fillfactor": 80},
)
health_changes = Table(
    "health_changes",
    Base.metadata,
    workspace_key(),
    Column("score_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    *_verdict(),
    Column("inputs", JSONB(none_as_null=True), comment="what the measures read, by their keys"),
    Column("valid_from", AT, nullable=False, comment="workspace time"),
    Column("known_at", AT, nullable=False, server_default=NOW, comment="machine time"),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "score_id", "record_id", "id"),
    _of_score(),
)

__all__ = ["health_changes", "health_scores"]
