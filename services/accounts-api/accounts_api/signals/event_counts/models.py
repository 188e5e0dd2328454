from sqlalchemy import BigInteger, Column, Date, Index, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from shared.columns import workspace_key

product_event_days = Table(
    "product_event_days",
    Base.metadata,
    workspace_key(),
    Column(
        "account_id", Uuid, nullable=False, comment="all zeros: of an unknown account, or of none"
    ),
    Column("name", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column(
        "contact_id", Uuid, nullable=False, comment="all zeros: of an unknown contact, or of none"
    ),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "account_id", "name", "day", "contact_id"),
    Index(None, "workspace_id", "contact_id", "name", "day"),
)

product_event_values = Table(
    "product_event_values",
    Base.metadata,
    workspace_key(),
    Column(
        "account_id", Uuid, nullable=False, comment="all zeros: of an unknown account, or of none"
    ),
    Column("name", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column(
        "contact_id", Uuid, nullable=False, comment="all zeros: of an unknown contact, or of none"
    ),
    Column("digest", Uuid, nullable=False, comment="md5 of the properties, which may be long"),
    Column(
        "properties",
        JSONB,
        nullable=False,
        comment="the declared ones, by key; others are left out",
    ),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "account_id", "name", "day", "contact_id", "digest"),
    Index(None, "workspace_id", "contact_id", "name", "day"),
)

__all__ = ["product_event_days", "product_event_values"]
