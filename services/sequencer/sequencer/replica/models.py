"""Copies of other services' records. Only `records.handlers` writes them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from sequencer.db import Base
from shared.columns import AT, workspace_key

_METADATA = Base.metadata

opportunities = Table(
    "opportunities",
    _METADATA,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("account_id", Uuid),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("stage", Text),
    Column("is_closed", Boolean, nullable=False),
    Column("contract_expiration", Date),
    Column("arr", BigInteger),
    Column("currency", Text),
    Column("deal_room_url", Text),
    Column("manual_entry", Boolean, nullable=False),
    Column("traits", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index("ix_opportunities_workspace_id_account_id", "workspace_id", "account_id"),
)

accounts = Table(
    "accounts",
    _METADATA,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("domain", Text),
    Column("lifecycle_status", Text, nullable=False),
    Column("time_zone", Text),
    Column("country", Text),
    Column("arr", BigInteger),
    Column("currency", Text),
    Column("traits", JSONB, nullable=False),
    Column("key_roles", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)

contacts = Table(
    "contacts",
    _METADATA,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("address", Text, comment="as shared.mail.addresses makes the key of email"),
    Column("title", Text),
    Column("time_zone", Text),
    Column("email_status", Text, nullable=False),
    Column("deactivated", Boolean, nullable=False),
    Column("traits", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index("ix_contacts_workspace_id_address", "workspace_id", "address"),
)

contact_accounts = Table(
    "contact_accounts",
    _METADATA,
    workspace_key(),
    Column("contact_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("plan_roles", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "contact_id", "account_id"),
    Index("ix_contact_accounts_workspace_id_account_id", "workspace_id", "account_id"),
)

members = Table(
    "members",
    _METADATA,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)

segments = Table(
    "segments",
    _METADATA,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("key", Text, comment="null: no event has told it yet"),
    PrimaryKeyConstraint("workspace_id", "id"),
)

segment_members = Table(
    "segment_members",
    _METADATA,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("entered_at", AT, nullable=False),
    PrimaryKeyConstraint("workspace_id", "segment_id", "record_id"),
    Index("ix_segment_members_workspace_id_record_id", "workspace_id", "record_id"),
)

moving_fields = Table(
    "moving_fields",
    _METADATA,
    workspace_key(),
    Column("version", BigInteger, nullable=False),
    Column("fields", ARRAY(Text), nullable=False, comment="which time alone may change"),
    PrimaryKeyConstraint("workspace_id"),
)

__all__ = [
    "accounts",
    "contact_accounts",
    "contacts",
    "members",
    "moving_fields",
    "opportunities",
    "segment_members",
    "segments",
]
