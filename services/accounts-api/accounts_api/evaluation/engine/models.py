from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

change_queue = Table(
    "change_queue",
    Base.metadata,
    workspace_key(),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("what", ARRAY(Text), nullable=False),
    Column("at", AT, nullable=False, comment="workspace time of the change"),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
watches = Table(
    "watches",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)
watch_sights = Table(
    "watch_sights",
    Base.metadata,
    workspace_key(),
    Column("watch_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column(
        "path",
        ARRAY(Text),
        nullable=False,
        comment="relations from the watched record to the one that is seen",
    ),
    PrimaryKeyConstraint("workspace_id", "record_type", "what", "watch_id", "path"),
    ForeignKeyConstraint(
        ["workspace_id", "watch_id"],
        ["accounts.watches.workspace_id", "accounts.watches.id"],
        ondelete="CASCADE",
    ),
    Index(None, "workspace_id", "watch_id"),
)
watch_horizons = Table(
    "watch_horizons",
    Base.metadata,
    workspace_key(),
    Column("watch_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column(
        "flips_at",
        AT,
        nullable=False,
        comment="workspace time until which the verdict stays unless data change",
    ),
    PrimaryKeyConstraint("workspace_id", "watch_id", "record_id"),
    Index(None, "workspace_id", "flips_at"),
)
sweeps = Table(
    "sweeps",
    Base.metadata,
    workspace_key(),
    Column("watch_id", Uuid, nullable=False),
    Column("run", Integer, nullable=False, server_default=text("1")),
    Column("after_id", Uuid),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer),
    Column("started_at", AT, nullable=False, server_default=NOW),
    Column("finished_at", AT),
    Column("drift", Integer, comment="verdicts that the last look at every record had to correct"),
    Column(
        "repeated",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="the rule is as it was when all were looked at before: what is corrected is drift",
    ),
    PrimaryKeyConstraint("workspace_id", "watch_id"),
    Index(
        "ix_sweeps_unfinished",
        "workspace_id",
        "watch_id",
        postgresql_where=text("finished_at is null"),
    ),
)

__all__ = ["change_queue", "sweeps", "watch_horizons", "watch_sights", "watches"]
