from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, versioned, workspace_key
from tasks_api.db import Base
from tasks_api.work.tasks.rows import PRIORITIES, STATUSES

tasks = Table(
    "tasks",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, server_default="open"),
    Column("priority", Text, nullable=False, server_default="normal"),
    Column("category", Text),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("cause", Text),
    Column("dedupe_key", Text),
    Column("external_id", Text),
    Column("source", Text),
    Column("opened_by", JSONB, nullable=False),
    Column("subject_type", Text),
    Column("subject_id", Uuid),
    Column("account_id", Uuid),
    Column("assignee_id", Uuid),
    Column("assignee_key_role", Text),
    Column("due_rule", JSONB),
    Column("due_at", AT),
    Column(
        "due_member_id",
        Uuid,
        comment="by whose calendar due_at was counted; null: the workspace's",
    ),
    Column("breached_at", AT),
    Column("snoozed_until", AT),
    Column("data", JSONB, nullable=False, server_default="{}"),
    Column("traits", JSONB, nullable=False, server_default="{}"),
    Column("outcome", Text),
    Column("author_id", Uuid),
    Column("authored_at", AT, nullable=False),
    Column("ended_at", AT),
    Column("ended_by", Uuid),
    Column(
        "hidden_by",
        ARRAY(Uuid),
        nullable=False,
        server_default="{}",
        comment="records that it is about and that are deleted or ignored: lists leave it out",
    ),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "external_id"),
    CheckConstraint(f"status in {STATUSES}", name="status"),
    CheckConstraint(f"priority in {PRIORITIES}", name="priority"),
)
_open = tasks.c.status == "open"
Index(
    "uq_tasks_open_dedupe_key",
    tasks.c.workspace_id,
    tasks.c.dedupe_key,
    unique=True,
    postgresql_where=_open,
)
Index(
    "ix_tasks_assignee",
    tasks.c.workspace_id,
    tasks.c.assignee_id,
    tasks.c.due_at,
    tasks.c.id,
    postgresql_where=_open,
)
Index("ix_tasks_list", tasks.c.workspace_id, tasks.c.status, tasks.c.due_at, tasks.c.id)
Index(
    "ix_tasks_traits",
    tasks.c.traits,
    postgresql_using="gin",
    postgresql_ops={"traits": "jsonb_path_ops"},
)
Index("ix_tasks_subject", tasks.c.workspace_id, tasks.c.subject_id)
Index("ix_tasks_account", tasks.c.workspace_id, tasks.c.account_id)
Index(
    "ix_tasks_to_breach",
    tasks.c.due_at,
    postgresql_where=_open & tasks.c.breached_at.is_(None) & tasks.c.due_at.is_not(None),
)
Index(
    "ix_tasks_unassigned",
    tasks.c.workspace_id,
    tasks.c.account_id,
    postgresql_where=_open & tasks.c.assignee_id.is_(None) & tasks.c.assignee_key_role.is_not(None),
)
