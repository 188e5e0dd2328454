from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from accounts_api.db import Base
from accounts_api.evaluation.rule_sets.schemas import JobState
from shared.columns import AT, NOW, workspace_key

handovers = Table(
    "handovers",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("state", Text, nullable=False, server_default="running"),
    Column("successors", JSONB, nullable=False),
    Column("tasks_to", Uuid),
    Column("key_role_key", Text, comment="how far it is: this role, after"),
    Column("after_id", Uuid, comment="this account"),
    Column("last_member_id", Uuid, comment="whose turn it was in a round robin"),
    Column("total", Integer, nullable=False),
    Column("processed", Integer, nullable=False, server_default=text("0")),
    Column("skipped", Integer, nullable=False, server_default=text("0")),
    Column("moved", JSONB, nullable=False, server_default=text("'{}'")),
    Column("cause", JSONB, nullable=False),
    Column("started_at", AT, nullable=False, server_default=NOW),
    Column("finished_at", AT),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "member_id"], ["accounts.members.workspace_id", "accounts.members.id"]
    ),
    CheckConstraint("state in ('running', 'done')", name="state"),
    Index(
        "uq_handovers_running",
        "workspace_id",
        "member_id",
        unique=True,
        postgresql_where=text("state = 'running'"),
    ),
    Index(None, "workspace_id", "member_id", "id"),
)


@dataclass(frozen=True, slots=True)
class Handover:
    workspace_id: UUID
    id: UUID
    member_id: UUID
    state: JobState
    successors: dict[str, Any]
    tasks_to: UUID | None
    key_role_key: str | None
    after_id: UUID | None
    last_member_id: UUID | None
    total: int
    processed: int
    skipped: int
    moved: dict[str, dict[str, int]]
    cause: list[dict[str, Any]]
    started_at: datetime
    finished_at: datetime | None


__all__ = ["Handover", "handovers"]
