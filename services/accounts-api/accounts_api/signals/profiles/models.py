from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key

product_profiles = Table(
    "product_profiles",
    Base.metadata,
    workspace_key(),
    Column("kind", Text, nullable=False, comment="user or group"),
    Column("external_id", Text, nullable=False),
    Column("email", Text, comment="by which a user is found whom nobody has by external id"),
    Column("traits", JSONB, nullable=False),
    Column("said_at", AT, nullable=False),
    Column(
        "revision",
        BigInteger,
        nullable=False,
        server_default=text("1"),
        comment="grows with each change of what was said or who it is",
    ),
    Column("look_at", AT, comment="when it is to be written to its record; null: it was"),
    Column(
        "looks",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="how often its record was looked for in vain",
    ),
    Column("record_id", Uuid, comment="the record that it was written to"),
    Column(
        "written",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="the values that were written to it, by field",
    ),
    Column(
        "counted_names",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="those that product_trait_names counts it for",
    ),
    PrimaryKeyConstraint("workspace_id", "kind", "external_id"),
    Index("ix_product_profiles_look_at", "look_at", postgresql_where=text("look_at is not null")),
    Index(
        "ix_product_profiles_workspace_id_email",
        "workspace_id",
        "email",
        postgresql_where=text("email is not null"),
    ),
)
product_trait_mappings = Table(
    "product_trait_mappings",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("field", Text, nullable=False),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(
        "uq_product_trait_mappings_workspace_id_kind_name",
        "workspace_id",
        "kind",
        "name",
        unique=True,
    ),
    Index(
        "uq_product_trait_mappings_workspace_id_kind_field",
        "workspace_id",
        "kind",
        "field",
        unique=True,
    ),
)
product_trait_names = Table(
    "product_trait_names",
    Base.metadata,
    workspace_key(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "profiles",
        BigInteger,
        nullable=False,
        comment="of how many users or groups it was ever said",
    ),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),
    Column("first_seen_at", AT, nullable=False),
    Column("last_seen_at", AT, nullable=False),
    Column("last_refusal", JSONB, comment="why its value could not be written"),
    PrimaryKeyConstraint("workspace_id", "kind", "name"),
)

__all__ = ["product_profiles", "product_trait_mappings", "product_trait_names"]
