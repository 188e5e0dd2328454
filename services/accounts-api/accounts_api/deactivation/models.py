from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
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

_AT = DateTime(timezone=True)
_NOW = text("clock_timestamp()")


def _workspace() -> Column[Any]:
    return Column("workspace_id", Uuid, nullable=False)


contact_deactivation_rules = Table(
    "contact_deactivation_rules",
    Base.metadata,
    _workspace(),
    Column("id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("since_field", Text, comment="the date on the contact from which it is deactivated"),
    Column("faults", JSONB(none_as_null=True)),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", _AT, nullable=False, server_default=_NOW),
    Column("updated_at", _AT, nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "title"),
)
contact_deactivations = Table(
    "contact_deactivations",
    Base.metadata,
    _workspace(),
    Column("contact_id", Uuid, nullable=False),
    Column("rule_id", Uuid, nullable=False),
    Column("since", _AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "contact_id"),
    ForeignKeyConstraint(
        ["workspace_id", "contact_id"], ["accounts.contacts.workspace_id", "accounts.contacts.id"]
    ),
    comment="contacts that a rule, not a person, put out",
)

__all__ = ["contact_deactivation_rules", "contact_deactivations"]
