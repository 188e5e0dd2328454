from sqlalchemy import BigInteger, Column, Identity, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.db import Base
from shared.columns import AT, workspace_key

past_corrections = Table(
    "past_corrections",
    Base.metadata,
    workspace_key(),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("what", ARRAY(Text), nullable=False),
    Column(
        "since",
        AT,
        nullable=False,
        comment="workspace time from which the past may be another",
    ),
    Column("cause", JSONB, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
)

__all__ = ["past_corrections"]
