"""Records on their way through a sequence, and what happened to them there."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
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
from shared.columns import AT, stamps, workspace_key

enrollments = Table(
    "enrollments",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("sequence_id", Uuid, nullable=False),
    Column("sequence_version", BigInteger, nullable=False),
    Column("opportunity_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("contact_id", Uuid, nullable=False),
    Column("entry", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("pause_reason", Text),
    Column("exit_reason", Text),
    Column(
        "floor_on",
        Date,
        comment="steps of earlier days passed before this record entered;"
        " null when the first may be late",
    ),
    Column("anchor_on", Date),
    Column("next_step_id", Uuid),
    Column(
        "next_due_at",
        AT,
        comment="workspace time; null while a mail of it is under way or nothing is left",
    ),
    Column("entered_at", AT, nullable=False),
    Column("exited_at", AT),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    *stamps(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "sequence_id", "sequence_version"],
        [
            "sequencer.sequence_versions.workspace_id",
            "sequencer.sequence_versions.sequence_id",
            "sequencer.sequence_versions.number",
        ],
        name="fk_enrollments_sequence_versions",
    ),
    CheckConstraint("entry in ('audience', 'manual')", name="entry"),
    CheckConstraint("state in ('active', 'paused', 'exited')", name="state"),
    Index(
        "uq_enrollments_open",
        "workspace_id",
        "sequence_id",
        "opportunity_id",
        unique=True,
        postgresql_where=text("state <> 'exited'"),
    ),
    Index(
        "ix_enrollments_due",
        "workspace_id",
        "next_due_at",
        postgresql_where=text("state = 'active' and next_due_at is not null"),
    ),
    Index("ix_enrollments_opportunity", "workspace_id", "opportunity_id"),
    Index("ix_enrollments_contact", "workspace_id", "contact_id"),
    Index("ix_enrollments_account", "workspace_id", "account_id"),
)

enrollment_entries = Table(
    "enrollment_entries",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("enrollment_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "enrollment_id"],
        ["sequencer.enrollments.workspace_id", "sequencer.enrollments.id"],
    ),
    Index("ix_enrollment_entries_workspace_id_enrollment_id", "workspace_id", "enrollment_id"),
)
