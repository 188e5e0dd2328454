"""The service's role may insert and read, nothing else."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

audit_log = Table(
    "audit_log",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("at", AT, nullable=False, server_default=NOW),
    Column("actor_type", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("cause", JSONB, nullable=False),
    Column("action", Text, nullable=False),
    Column("target_type", Text, nullable=False),
    Column("target_id", Uuid),
    Column("target_key", Text, comment="of what has a key and no id"),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("service", Text, nullable=False, server_default="accounts"),
    Column("request_id", Text, comment="null: no request made it"),
    PrimaryKeyConstraint("workspace_id", "id"),
)
Index(None, audit_log.c.workspace_id, audit_log.c.target_id, audit_log.c.id)
