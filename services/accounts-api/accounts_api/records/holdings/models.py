from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key

key_role_definitions = Table(
    "key_role_definitions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("multi", Boolean, nullable=False, server_default=text("false")),
    Column("deleted_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "key"),
)

key_role_assignments = Table(
    "key_role_assignments",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("key_role_key", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("single", Boolean, nullable=False, comment="of a role with one holder at a time"),
    Column("valid_from", AT, nullable=False, comment="workspace time"),
    Column("valid_to", AT),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "account_id"], ["accounts.accounts.workspace_id", "accounts.accounts.id"]
    ),
    ForeignKeyConstraint(
        ["workspace_id", "member_id"], ["accounts.members.workspace_id", "accounts.members.id"]
    ),
    ForeignKeyConstraint(
        ["workspace_id", "key_role_key"],
        ["accounts.key_role_definitions.workspace_id", "accounts.key_role_definitions.key"],
    ),
)
_HELD = text("valid_to is null")
Index(
    "uq_key_role_assignments_single_holder",
    key_role_assignments.c.workspace_id,
    key_role_assignments.c.account_id,
    key_role_assignments.c.key_role_key,
    unique=True,
    postgresql_where=text("valid_to is null and single"),
)
Index(
    "uq_key_role_assignments_held_once",
    key_role_assignments.c.workspace_id,
    key_role_assignments.c.account_id,
    key_role_assignments.c.key_role_key,
    key_role_assignments.c.member_id,
    unique=True,
    postgresql_where=_HELD,
)
Index(
    "ix_key_role_assignments_held_by",
    key_role_assignments.c.workspace_id,
    key_role_assignments.c.member_id,
    key_role_assignments.c.key_role_key,
    postgresql_where=_HELD,
)

__all__ = ["key_role_assignments", "key_role_definitions"]
