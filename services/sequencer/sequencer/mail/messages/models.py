"""The ledger of mails. A row stands before anything leaves and says for good what became of it."""

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
from sqlalchemy.dialects.postgresql import BYTEA

from sequencer.db import Base
from shared.columns import AT, stamps, workspace_key

messages = Table(
    "messages",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("enrollment_id", Uuid, nullable=False),
    Column("sequence_id", Uuid, nullable=False),
    Column("sequence_title", Text, nullable=False),
    Column("step_id", Uuid, nullable=False),
    Column("step_title", Text, nullable=False),
    Column("opportunity_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("contact_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("phase", Text),
    Column("due_at", AT, nullable=False, comment="workspace time"),
    Column("retry_at", AT, comment="machine time: not before, after a refusal"),
    Column("attempts", BigInteger, nullable=False, server_default=text("0")),
    Column("fence", BigInteger),
    Column("lease_until", AT),
    Column("mailbox_id", Uuid),
    Column("sender", Text),
    Column("recipient", Text),
    Column("subject", Text),
    Column("internet_message_id", Text),
    Column("content_digest", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("sent_at", AT),
    Column("bounced_at", AT),
    Column("superseded_at", AT),
    Column(
        "held_at",
        AT,
        comment="since when others believe that it is held or unknown; workspace time",
    ),
    *stamps(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "enrollment_id"],
        ["sequencer.enrollments.workspace_id", "sequencer.enrollments.id"],
    ),
    CheckConstraint(
        "state in ('scheduled', 'dispatching', 'sent', 'unknown', 'held', 'failed',"
        " 'cancelled', 'suppressed', 'expired', 'skipped')",
        name="state",
    ),
    CheckConstraint("phase in ('connecting', 'body_started')", name="phase"),
    CheckConstraint(
        "(state = 'dispatching') = (phase is not null)"
        " and (state <> 'dispatching' or (fence is not null and lease_until is not null))",
        name="dispatching",
    ),
    CheckConstraint(
        "superseded_at is null or bounced_at is not null"
        " or state in ('failed', 'cancelled', 'suppressed', 'expired', 'skipped')",
        name="superseded",
        comment="a step is planned again only when its mail provably reached nobody",
    ),
    Index(
        "uq_messages_step",
        "workspace_id",
        "enrollment_id",
        "step_id",
        unique=True,
        postgresql_where=text("superseded_at is null"),
    ),
    Index(
        "ix_messages_due",
        "workspace_id",
        "due_at",
        postgresql_where=text("state = 'scheduled'"),
    ),
    Index("ix_messages_lease", "lease_until", postgresql_where=text("state = 'dispatching'")),
    Index(
        "ix_messages_waiting",
        "workspace_id",
        "state",
        postgresql_where=text("state in ('dispatching', 'unknown', 'held')"),
    ),
    Index("uq_messages_internet_message_id", "workspace_id", "internet_message_id", unique=True),
    Index("ix_messages_enrollment", "workspace_id", "enrollment_id"),
    Index("ix_messages_contact", "workspace_id", "contact_id", "sent_at"),
    Index("ix_messages_recipient", "workspace_id", "recipient", "sent_at"),
)

message_contents = Table(
    "message_contents",
    Base.metadata,
    workspace_key(),
    Column("message_id", Uuid, nullable=False),
    Column("raw", BYTEA, nullable=False),
    PrimaryKeyConstraint("workspace_id", "message_id"),
    ForeignKeyConstraint(
        ["workspace_id", "message_id"],
        ["sequencer.messages.workspace_id", "sequencer.messages.id"],
    ),
)
