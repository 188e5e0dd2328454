from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key
from shared.keys import key_columns

contact_deactivation_rules = Table(
    "contact_deactivation_rules",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    *key_columns("contact_deactivation_rules"),
    Column("title", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("since_field", Text, comment="the date on the contact from which it is deactivated"),
    Column("faults", JSONB(none_as_null=True)),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "title"),
)
contact_deactivations = Table(
    "contact_deactivations",
    Base.metadata,
    workspace_key(),
    Column("contact_id", Uuid, nullable=False),
    Column("rule_id", Uuid, nullable=False),
    Column("since", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "contact_id"),
    ForeignKeyConstraint(
        ["workspace_id", "contact_id"], ["accounts.contacts.workspace_id", "accounts.contacts.id"]
    ),
    comment="contacts that a rule, not a person, put out",
)

__all__ = ["contact_deactivation_rules", "contact_deactivations"]
