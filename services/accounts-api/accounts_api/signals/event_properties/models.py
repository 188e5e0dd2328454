from sqlalchemy import Column, Date, Index, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.db import Base
from shared.columns import AT, versioned, workspace_key

product_event_properties = Table(
    "product_event_properties",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False, comment="what senders call it"),
    Column("type", Text, nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column(
        "filled_to",
        Uuid,
        comment="events up to this one have been counted by it, of those that came before it was"
        " declared",
    ),
    Column("filled_at", AT, comment="null: older events are still being counted"),
    Column(
        "reliable_from",
        Date,
        comment="the day of the first event of these names that is kept",
    ),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index("uq_product_event_properties_workspace_id_key", "workspace_id", "key", unique=True),
)

__all__ = ["product_event_properties"]
