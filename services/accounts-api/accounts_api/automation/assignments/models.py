from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import versioned, workspace_key
from shared.keys import key_columns

assignment_rules = Table(
    "assignment_rules",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key_role_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    *key_columns("assignment_rules"),
    Column("title", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("member_id", Uuid),
    Column("algorithm", Text),
    Column("pool", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("policy", Text, nullable=False, server_default="when_empty"),
    Column("last_member_id", Uuid, comment="whose turn it was in a round robin"),
    Column("faults", JSONB(none_as_null=True)),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "key_role_id", "title"),
    ForeignKeyConstraint(
        ["workspace_id", "key_role_id"],
        ["accounts.key_role_definitions.workspace_id", "accounts.key_role_definitions.id"],
    ),
    CheckConstraint("(member_id is null) <> (algorithm is null)", name="choice"),
    CheckConstraint(
        "algorithm in ('fewest_accounts', 'least_managed_revenue', 'round_robin')",
        name="algorithm",
    ),
    CheckConstraint("policy in ('when_empty', 'always')", name="policy"),
)
assignment_matches = Table(
    "assignment_matches",
    Base.metadata,
    workspace_key(),
    Column("key_role_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("rule_id", Uuid, nullable=False),
    PrimaryKeyConstraint("workspace_id", "key_role_id", "account_id"),
    comment="the rule that decides about an account: a holder is chosen when it becomes another",
)

__all__ = ["assignment_matches", "assignment_rules"]
