from sqlalchemy import Column, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, workspace_key
from tasks_api.db import Base

field_changes = Table(
    "field_changes",
    Base.metadata,
    workspace_key(),
    Column("record_id", Uuid, nullable=False, comment="of a task or a note"),
    Column("id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", JSONB(none_as_null=True)),
    Column("new", JSONB(none_as_null=True)),
    Column("valid_from", AT, nullable=False, comment="when it became true: workspace time"),
    Column("known_at", AT, nullable=False, comment="when we learned it: machine time"),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "record_id", "id"),
)
