from sqlalchemy import Boolean, Column, Integer, PrimaryKeyConstraint, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

api_schema_versions = Table(
    "api_schema_versions",
    Base.metadata,
    workspace_key(),
    Column("version", Integer, nullable=False, comment="counted from 1, without gaps"),
    Column("id", Uuid, nullable=False),
    Column("at", AT, nullable=False, server_default=NOW),
    Column("shape", JSONB, nullable=False, comment="traits and object types from then on"),
    Column("changes", JSONB, nullable=False, comment="against the version before"),
    Column("breaking", Boolean, nullable=False),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "version"),
)
