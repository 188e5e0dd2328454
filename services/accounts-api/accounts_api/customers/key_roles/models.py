from sqlalchemy import (
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, created, workspace_key

_PLANNED = text("state = 'planned'")


planned_holdings = Table(
    "planned_holdings",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("key_role_key", Text, nullable=False),
    Column("member_ids", ARRAY(Uuid), nullable=False),
    Column("valid_from", AT, nullable=False, comment="workspace time"),
    Column("state", Text, nullable=False, server_default="planned"),
    Column("refusal", Text),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "account_id"],
        ["accounts.accounts.workspace_id", "accounts.accounts.id"],
    ),
    ForeignKeyConstraint(
        ["workspace_id", "key_role_key"],
        ["accounts.key_role_definitions.workspace_id", "accounts.key_role_definitions.key"],
    ),
    CheckConstraint("state in ('planned', 'begun', 'refused', 'cancelled')", name="state"),
    Index(
        "uq_planned_holdings_planned",
        "workspace_id",
        "account_id",
        "key_role_key",
        "valid_from",
        unique=True,
        postgresql_where=_PLANNED,
    ),
    Index("ix_planned_holdings_due", "workspace_id", "valid_from", postgresql_where=_PLANNED),
    Index(None, "workspace_id", "account_id"),
)

__all__ = ["planned_holdings"]
