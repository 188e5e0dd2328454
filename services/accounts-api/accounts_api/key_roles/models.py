from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
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

_AT = DateTime(timezone=True)
_PLANNED = text("state = 'planned'")


def _workspace() -> Column[Any]:
    return Column("workspace_id", Uuid, nullable=False)


planned_holdings = Table(
    "planned_holdings",
    Base.metadata,
    _workspace(),
    Column("id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("key_role_key", Text, nullable=False),
    Column("member_ids", ARRAY(Uuid), nullable=False),
    Column("valid_from", _AT, nullable=False, comment="workspace time"),
    Column("state", Text, nullable=False, server_default="planned"),
    Column("refusal", Text),
    Column("cause", JSONB, nullable=False),
    Column("created_at", _AT, nullable=False, server_default=text("clock_timestamp()")),
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
