from sqlalchemy import CheckConstraint, Column, Index, PrimaryKeyConstraint, Table, Text, Uuid

from accounts_api.db import Base
from accounts_api.signals.touches.rules import KINDS, column_of
from shared.columns import AT, NOW, workspace_key

touches = Table(
    "touches",
    Base.metadata,
    workspace_key(),
    Column("source", Text, nullable=False, comment="`mail:<Message-ID>` or `note:<id>`"),
    Column("kind", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("at", AT, nullable=False, comment="workspace time"),
    Column("known_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "source", "kind", "record_id"),
    CheckConstraint(f"kind in {KINDS}", name="kind"),
    Index("ix_touches_record", "workspace_id", "record_id", "kind", "at"),
)
record_touches = Table(
    "record_touches",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    *(Column(column_of(kind), AT) for kind in KINDS),
    PrimaryKeyConstraint("workspace_id", "record_id"),
)
