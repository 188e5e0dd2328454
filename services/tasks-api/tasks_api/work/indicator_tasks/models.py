from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Uuid

from shared.columns import workspace_key
from tasks_api.db import Base

indicator_tasks = Table(
    "indicator_tasks",
    Base.metadata,
    workspace_key(),
    Column("indicator_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False, comment="of the indicator, as it was heard of last"),
    Column("task_id", Uuid, comment="null: it has called for nothing so far"),
    PrimaryKeyConstraint("workspace_id", "indicator_id"),
)

__all__ = ["indicator_tasks"]
