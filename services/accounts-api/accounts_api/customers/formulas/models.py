from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.db import Base
from shared.columns import workspace_key

moving_fields = Table(
    "moving_fields",
    Base.metadata,
    workspace_key(),
    Column("version", BigInteger, nullable=False, comment="times they became others"),
    Column("fields", ARRAY(Text), nullable=False, comment="as the other services know them"),
    PrimaryKeyConstraint("workspace_id"),
)
