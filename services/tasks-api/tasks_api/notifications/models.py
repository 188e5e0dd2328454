from sqlalchemy import Column, DateTime, Index, PrimaryKeyConstraint, Table, Text, Uuid, text

from tasks_api.db import Base

notifications = Table(
    "notifications",
    Base.metadata,
    Column("workspace_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("subject_type", Text),
    Column("subject_id", Uuid),
    Column("event_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True)),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    PrimaryKeyConstraint("workspace_id", "id"),
)
Index(
    "uq_notifications_member_id_event_id",
    notifications.c.workspace_id,
    notifications.c.member_id,
    notifications.c.event_id,
    unique=True,
)
