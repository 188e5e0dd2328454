from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import workspace_key
from tasks_api.db import Base

trait_definitions = Table(
    "trait_definitions",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("deleted", Boolean, nullable=False, comment="only its values are left, to be cleared"),
    Column(
        "converting",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="stored values are still to be brought into the form of the definition",
    ),
    Column("converted_to", Uuid, comment="the record up to which they are; null: none is"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "record_type", "key"),
)
Index(
    "ix_trait_definitions_converting",
    trait_definitions.c.id,
    postgresql_where=trait_definitions.c.converting,
)
