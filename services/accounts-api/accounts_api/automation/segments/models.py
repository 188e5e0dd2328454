from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
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
from shared.columns import AT, NOW, created, versioned, workspace_key
from shared.events.records import RecordType
from shared.keys import key_column

_LIVE = text("archived_at is null")
_CURRENT = text("left_at is null")


def _of_segment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "segment_id"], ["accounts.segments.workspace_id", "accounts.segments.id"]
    )


segments = Table(
    "segments",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    key_column(),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("record_type", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column(
        "group_key",
        Text,
        comment="a record is a member of one segment of its group, the one of lowest priority"
        " number",
    ),
    Column("priority", Integer),
    Column(
        "debounce_minutes",
        Integer,
        comment="how long a move must last before others are told",
    ),
    Column("faults", JSONB(none_as_null=True), comment="why the rule cannot be used any more"),
    Column("archived_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint(
        "record_type in ('organization', 'account', 'contact', 'opportunity')", name="record_type"
    ),
    CheckConstraint("(group_key is null) = (priority is null)", name="group"),
    Index(
        "uq_segments_workspace_id_key", "workspace_id", "key", unique=True, postgresql_where=_LIVE
    ),
    Index(
        "uq_segments_workspace_id_title",
        "workspace_id",
        "title",
        unique=True,
        postgresql_where=_LIVE,
    ),
    Index(
        "uq_segments_workspace_id_record_type_group_key_priority",
        "workspace_id",
        "record_type",
        "group_key",
        "priority",
        unique=True,
        postgresql_where=_LIVE,
    ),
)
segment_versions = Table(
    "segment_versions",
    Base.metadata,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("group_key", Text),
    Column("priority", Integer),
    Column("archived", Boolean, nullable=False, server_default=text("false")),
    Column(
        "effective_at",
        AT,
        comment="workspace time from which the segment was defined so; null: since created_at",
    ),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "segment_id", "version"),
    _of_segment(),
)
segment_members = Table(
    "segment_members",
    Base.metadata,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("entered_at", AT, nullable=False, comment="workspace time"),
    Column("left_at", AT),
    Column("entered_by", Text, nullable=False),
    Column("left_by", Text),
    Column("known_at", AT, server_default=NOW, comment="when we learned it: machine time"),
    Column("left_known_at", AT),
    Column(
        "retracted_at",
        AT,
        comment="when we learned that it was not so: machine time. It has ended, too, so that what"
        " is of now need not ask",
    ),
    Column(
        "corrected",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="it was derived later, of what was told of the past",
    ),
    PrimaryKeyConstraint("workspace_id", "segment_id", "record_id", "id"),
    _of_segment(),
    CheckConstraint("entered_by in ('rule', 'person')", name="entered_by"),
    CheckConstraint("left_by in ('rule', 'person', 'deleted', 'archived')", name="left_by"),
    Index(
        "uq_segment_members_current",
        "workspace_id",
        "segment_id",
        "record_id",
        unique=True,
        postgresql_where=_CURRENT,
    ),
    Index("ix_segment_members_of_record", "workspace_id", "record_id", postgresql_where=_CURRENT),
)
segment_overrides = Table(
    "segment_overrides",
    Base.metadata,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("included", Boolean, nullable=False, comment="beats the rule until cleared"),
    Column("note", Text),
    Column("cause", JSONB, nullable=False),
    created(),
    PrimaryKeyConstraint("workspace_id", "segment_id", "record_id"),
    _of_segment(),
)
segment_override_changes = Table(
    "segment_override_changes",
    Base.metadata,
    workspace_key(),
    Column("segment_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("included", Boolean, comment="null: from here on the rule decides"),
    Column("effective_at", AT, nullable=False, comment="workspace time"),
    PrimaryKeyConstraint("workspace_id", "segment_id", "record_id", "id"),
    _of_segment(),
)


@dataclass(frozen=True, slots=True)
class Segment:
    id: UUID
    key: str
    title: str
    description: str | None
    record_type: RecordType
    rule: dict[str, Any]
    group_key: str | None
    priority: int | None
    faults: list[dict[str, Any]] | None
    debounce_minutes: int | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def debounce(self) -> timedelta | None:
        minutes = self.debounce_minutes
        return None if minutes is None else timedelta(minutes=minutes)


__all__ = [
    "Segment",
    "segment_members",
    "segment_override_changes",
    "segment_overrides",
    "segment_versions",
    "segments",
]
