from sqlalchemy import Column, Date, Index, Numeric, PrimaryKeyConstraint, Table, Text, Uuid

from accounts_api.db import Base
from shared.columns import AT, NOW, workspace_key

metric_values = Table(
    "metric_values",
    Base.metadata,
    workspace_key(),
    Column("metric_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("value", Numeric(18, 6)),
    Column("numerator", Numeric),
    Column("denominator", Numeric),
    Column("null_reason", Text),
    Column("since", Date, nullable=False, comment="local day on which the value began"),
    Column("computed_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "metric_id", "record_id"),
    Index(None, "workspace_id", "metric_id", "value", "record_id"),
    Index(None, "workspace_id", "record_id"),
)

__all__ = ["metric_values"]
