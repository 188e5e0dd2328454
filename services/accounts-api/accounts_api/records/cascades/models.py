from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import created, workspace_key

cascades = Table(
    "cascades",
    Base.metadata,
    workspace_key(),
    Column("record_type", Text, nullable=False),
    Column("record_id", Uuid, nullable=False, comment="whose own have not all followed it yet"),
    Column("version", Integer, nullable=False, server_default=text("1"), comment="times it moved"),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "record_type", "record_id"),
)
Index(None, cascades.c.created_at)

__all__ = ["cascades"]
