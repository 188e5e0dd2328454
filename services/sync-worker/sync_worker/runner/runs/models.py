from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, created, workspace_key
from sync_worker.connections.models import counted, of_connection
from sync_worker.db import Base
from sync_worker.runner.runs.rows import DIRECTIONS, RUN_KINDS, RUN_STATUSES

sync_runs = Table(
    "sync_runs",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("connection_id", Uuid, nullable=False),
    Column("system", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("cause", JSONB, nullable=False),
    Column("quiet_batch_id", Uuid, comment="the batch under which it writes records quietly"),
    Column("objects", JSONB, nullable=False, server_default="{}"),
    counted("read"),
    counted("written"),
    counted("unchanged"),
    counted("rejected"),
    counted("warned"),
    counted("deleted"),
    counted("requests"),
    Column("held", JSONB(none_as_null=True)),
    Column("approved", Boolean, nullable=False, server_default=text("false")),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("next_retry_at", AT),
    created(),
    Column("started_at", AT),
    Column("finished_at", AT),
    PrimaryKeyConstraint("workspace_id", "id"),
    of_connection(),
    CheckConstraint(f"direction in {DIRECTIONS}", name="direction"),
    CheckConstraint(f"kind in {RUN_KINDS}", name="kind"),
    CheckConstraint(f"status in {RUN_STATUSES}", name="status"),
)
Index(
    "uq_sync_runs_open",
    sync_runs.c.workspace_id,
    sync_runs.c.connection_id,
    sync_runs.c.status,
    unique=True,
    postgresql_where=text("status in ('queued', 'running', 'held')"),
)
Index(None, sync_runs.c.workspace_id, sync_runs.c.connection_id, sync_runs.c.id)
Index(None, sync_runs.c.finished_at)
