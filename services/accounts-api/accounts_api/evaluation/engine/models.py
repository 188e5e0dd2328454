from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

change_queue = Table(
    "change_queue",
    Base.metadata,
    workspace_key(),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("what", ARRAY(Text), nullable=False),
    Column("at", AT, nullable=False, comment="workspace time of the change"),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
evaluated_rules = Table(
    "evaluated_rules",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
rule_dependencies = Table(
    "rule_dependencies",
    Base.metadata,
    workspace_key(),
    Column("rule_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column(
        "path",
        ARRAY(Text),
        nullable=False,
        comment="relations from the evaluated record to the one that the rule reads",
    ),
    PrimaryKeyConstraint("workspace_id", "record_type", "what", "rule_id", "path"),
    ForeignKeyConstraint(
        ["workspace_id", "rule_id"],
        ["accounts.evaluated_rules.workspace_id", "accounts.evaluated_rules.id"],
        ondelete="CASCADE",
    ),
    Index(None, "workspace_id", "rule_id"),
)
rule_next_changes = Table(
    "rule_next_changes",
    Base.metadata,
    workspace_key(),
    Column("rule_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column(
        "next_change_at",
        AT,
        nullable=False,
        comment="workspace time until which the verdict stays unless data change",
    ),
    PrimaryKeyConstraint("workspace_id", "rule_id", "record_id"),
    Index(None, "workspace_id", "next_change_at"),
)
backfills = Table(
    "backfills",
    Base.metadata,
    workspace_key(),
    Column("rule_id", Uuid, nullable=False),
    Column("run", Integer, nullable=False, server_default=text("1")),
    Column("after_id", Uuid),
    Column("processed", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer),
    Column("started_at", AT, nullable=False, server_default=NOW),
    Column("finished_at", AT),
    Column("corrected", Integer, comment="verdicts that differed from what was stored"),
    Column(
        "repeated",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="the rule has not changed since the last backfill: what is corrected is drift",
    ),
    PrimaryKeyConstraint("workspace_id", "rule_id"),
    Index(
        "ix_backfills_unfinished",
        "workspace_id",
        "rule_id",
        postgresql_where=text("finished_at is null"),
    ),
)

__all__ = ["backfills", "change_queue", "evaluated_rules", "rule_dependencies", "rule_next_changes"]
