from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key

_LIVE = text("archived_at is null")

indicator_definitions = Table(
    "indicator_definitions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("kind", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("rule", JSONB(none_as_null=True), comment="null: opened by hand alone"),
    Column("owner_key_role", Text),
    Column("hold_minutes", Integer, comment="how long the rule must hold before it opens"),
    Column("reopen_after_days", Integer, comment="when it comes back sooner, it is the same one"),
    Column("call_to_action", JSONB(none_as_null=True)),
    Column(
        "quiet",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="whether what the last new rule found at once calls for nothing",
    ),
    Column("faults", JSONB(none_as_null=True), comment="why the rule cannot be used any more"),
    Column("archived_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint("kind in ('risk', 'opportunity')", name="kind"),
    CheckConstraint("severity between 1 and 4", name="severity"),
    CheckConstraint("record_type in ('account', 'opportunity', 'contact')", name="record_type"),
    Index(
        "uq_indicator_definitions_workspace_id_key",
        "workspace_id",
        "key",
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index(
        "uq_indicator_definitions_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=_LIVE,
    ),
)

__all__ = ["indicator_definitions"]
