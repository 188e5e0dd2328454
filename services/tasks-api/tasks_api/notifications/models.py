from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text, Uuid

from shared.columns import AT, created, workspace_key
from tasks_api.db import Base

notifications = Table(
    "notifications",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("subject_type", Text),
    Column("subject_id", Uuid),
    Column("event_id", Uuid, nullable=False),
    Column("at", AT, nullable=False),
    Column("read_at", AT),
    created(),
    PrimaryKeyConstraint("workspace_id", "id"),
)
Index(
    "uq_notifications_member_id_event_id",
    notifications.c.workspace_id,
    notifications.c.member_id,
    notifications.c.event_id,
    unique=True,
)
