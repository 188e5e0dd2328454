from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import created, workspace_key
from tasks_api.db import Base

note_templates = Table(
    "note_templates",
    Base.metadata,
    workspace_key(),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("required", JSONB, nullable=False, server_default="[]"),
    Column("current", Boolean, nullable=False, server_default=text("true")),
    created(),
    PrimaryKeyConstraint("workspace_id", "key", "version"),
)
