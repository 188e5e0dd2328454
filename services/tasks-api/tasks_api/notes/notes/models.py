from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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

from shared.columns import AT, NOW, versioned, workspace_key
from tasks_api.db import Base
from tasks_api.notes.notes.rows import FIELD_WRITES

notes = Table(
    "notes",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("external_id", Text),
    Column("source", Text),
    Column("template_key", Text),
    Column("template_version", Integer),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("account_id", Uuid),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("category", Text),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("private", Boolean, nullable=False, server_default=text("false")),
    Column("noted_on", Date, nullable=False),
    Column("author_id", Uuid),
    Column("author", JSONB, nullable=False),
    Column("authored_at", AT, nullable=False),
    Column("traits", JSONB, nullable=False, server_default="{}"),
    Column("field_values", JSONB, nullable=False, server_default="{}"),
    Column("record_versions", JSONB, nullable=False, server_default="{}"),
    Column("field_write", Text, nullable=False, server_default="none"),
    Column("field_faults", JSONB, nullable=False, server_default="[]"),
    Column("write_attempts", Integer, nullable=False, server_default="0"),
    Column("write_after", AT, nullable=False, server_default=NOW),
    Column(
        "hidden_by",
        ARRAY(Uuid),
        nullable=False,
        server_default="{}",
        comment="records that it is about and that are deleted or ignored: lists leave it out",
    ),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    CheckConstraint(f"field_write in {FIELD_WRITES}", name="field_write"),
)
deleted_notes = Table(
    "deleted_notes",
    Base.metadata,
    workspace_key(),
    Column("external_id", Text, nullable=False),
    Column("created_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "external_id"),
)
Index("ix_notes_list", notes.c.workspace_id, notes.c.authored_at, notes.c.id)
Index(
    "ix_notes_traits",
    notes.c.traits,
    postgresql_using="gin",
    postgresql_ops={"traits": "jsonb_path_ops"},
)
Index("ix_notes_subject", notes.c.workspace_id, notes.c.subject_id, notes.c.id)
Index("ix_notes_account", notes.c.workspace_id, notes.c.account_id, notes.c.id)
Index(
    "ix_notes_template",
    notes.c.workspace_id,
    notes.c.template_key,
    notes.c.id,
    postgresql_where=notes.c.template_key.is_not(None),
)
Index("ix_notes_to_write", notes.c.write_after, postgresql_where=notes.c.field_write == "pending")
