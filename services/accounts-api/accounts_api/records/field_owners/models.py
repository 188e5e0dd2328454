from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import workspace_key

# Connections, and the fields that each writes on records that came from its system. Of one that was
# removed the row stays, without fields.
field_owners = Table(
    "field_owners",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("system", Text, nullable=False, comment="the `source` of its records"),
    Column("title", Text, nullable=False),
    Column("fields", JSONB, nullable=False, comment="lists of fields by record type"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "connection_id"),
)
