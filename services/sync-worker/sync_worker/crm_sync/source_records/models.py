from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.columns import AT, NOW, workspace_key
from sync_worker.connections.models import counted, of_connection
from sync_worker.crm_sync.source_records.rules import STATES
from sync_worker.db import Base

# What its system last said of one record, in our words, and what became of it. `synced` took
# effect, `rejected` is tried again at `retry_at`, `stale` must be sent again because what it points
# to changed, `pending_deletion` was deleted there and not yet here.
source_records = Table(
    "source_records",
    Base.metadata,
    workspace_key(),
    Column("connection_id", Uuid, nullable=False),
    Column("object", Text, nullable=False),
    Column("external_id", Text(collation="C"), nullable=False),
    Column("modstamp", AT, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("parent_id", Text(collation="C")),
    Column("record_id", Uuid),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column(
        "left_out",
        JSONB,
        nullable=False,
        server_default="[]",
        comment="values that the record is here without, and why",
    ),
    Column("merged_into", Text),
    counted("attempts"),
    Column("retry_at", AT),
    Column("scan_id", Uuid),
    Column("updated_at", AT, nullable=False, server_default=NOW),
    PrimaryKeyConstraint("workspace_id", "connection_id", "object", "external_id"),
    of_connection(),
    CheckConstraint(f"state in {STATES}", name="state"),
)
_c = source_records.c
_OF_OBJECT = (_c.workspace_id, _c.connection_id, _c.object)
Index(
    "ix_source_records_open",
    *_OF_OBJECT,
    _c.state,
    _c.retry_at,
    postgresql_where=text("state in ('rejected', 'stale', 'pending_deletion')"),
)
Index(
    "ix_source_records_left_out",
    *_OF_OBJECT,
    _c.external_id,
    postgresql_where=text("left_out <> '[]'"),
)
Index(
    "ix_source_records_parent",
    *_OF_OBJECT,
    _c.parent_id,
    postgresql_where=_c.parent_id.is_not(None),
)
