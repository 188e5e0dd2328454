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
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key
from shared.keys import key_columns

lifecycle_rules = Table(
    "lifecycle_rules",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    *key_columns("lifecycle_rules"),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("since_field", Text, comment="the date on the account from which the status holds"),
    Column(
        "end_field",
        Text,
        comment="the date on the account at which a trial should have become a subscription",
    ),
    Column("faults", JSONB(none_as_null=True)),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "title"),
    CheckConstraint("status in ('ignored', 'churned', 'trial')", name="status"),
)
lifecycle_rule_versions = Table(
    "lifecycle_rule_versions",
    Base.metadata,
    workspace_key(),
    Column("rule_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("since_field", Text),
    Column("end_field", Text),
    Column("deleted", Boolean, nullable=False),
    Column("effective_at", AT, nullable=False, comment="workspace time from which the rule was so"),
    PrimaryKeyConstraint("workspace_id", "rule_id", "version"),
)
lifecycle_status_periods = Table(
    "lifecycle_status_periods",
    Base.metadata,
    workspace_key(),
    Column("account_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", AT, nullable=False, comment="workspace time"),
    Column("ended_at", AT),
    Column("rule_id", Uuid),
    Column("trial_ends_at", AT, comment="when this trial should have become a subscription"),
    PrimaryKeyConstraint("workspace_id", "account_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "account_id"], ["accounts.accounts.workspace_id", "accounts.accounts.id"]
    ),
    Index(
        "uq_lifecycle_status_periods_current",
        "workspace_id",
        "account_id",
        unique=True,
        postgresql_where=text("ended_at is null"),
    ),
    Index(
        "ix_lifecycle_status_periods_trial_ends_at",
        "workspace_id",
        "trial_ends_at",
        postgresql_where=text("ended_at is null and trial_ends_at is not null"),
    ),
)

__all__ = ["lifecycle_rule_versions", "lifecycle_rules", "lifecycle_status_periods"]
