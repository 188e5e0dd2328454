from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from sequencer.db import Base
from shared.columns import AT, NOW, stamps, workspace_key
from shared.keys import key_column

sequences = Table(
    "sequences",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    key_column(),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("draft", JSONB, nullable=False),
    Column("published_version", BigInteger),
    *stamps(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint("state in ('draft', 'enabled', 'disabled', 'archived')", name="state"),
    Index(
        "uq_sequences_workspace_id_key",
        "workspace_id",
        "key",
        unique=True,
        postgresql_where=text("state <> 'archived'"),
    ),
    Index(
        "uq_sequences_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=text("state <> 'archived'"),
    ),
)

sequence_versions = Table(
    "sequence_versions",
    Base.metadata,
    workspace_key(),
    Column("sequence_id", Uuid, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "sequence_id", "number"),
    ForeignKeyConstraint(
        ["workspace_id", "sequence_id"],
        ["sequencer.sequences.workspace_id", "sequencer.sequences.id"],
    ),
)
