"""What segments were when, whom people put in or out, and the memberships that are stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class SegmentVersion:
    segment_id: UUID
    record_type: str
    rule: str
    """As JSON."""
    group_key: str | None
    priority: int | None
    archived: bool
    effective_at: datetime


_VERSIONS = text(
    """
    select v.segment_id, s.record_type, v.rule::text as rule, v.group_key, v.priority, v.archived,
           coalesce(v.effective_at, v.created_at) as effective_at
    from segment_versions v join segments s
      on s.workspace_id = v.workspace_id and s.id = v.segment_id
    where v.workspace_id = :workspace_id and s.record_type = any(cast(:record_types as text[]))
    order by v.segment_id, 7, v.version
    """
)
_RECORD_TYPES = text(
    "select distinct record_type from segments where workspace_id = :workspace_id order by 1"
)


async def record_types(uow: UnitOfWork) -> list[str]:
    """Of which there is, or was, a segment."""
    return await uow.values(str, _RECORD_TYPES)


async def versions(uow: UnitOfWork, record_types: Collection[str]) -> list[SegmentVersion]:
    """Of every segment of these types, archived ones too, in their order."""
    return await uow.rows(SegmentVersion, _VERSIONS, record_types=sorted(record_types))


@dataclass(frozen=True, slots=True)
class OverrideChange:
    segment_id: UUID
    record_id: UUID
    included: bool | None
    effective_at: datetime


_OVERRIDES = text(
    """
    select segment_id, record_id, included, effective_at from segment_override_changes
    where workspace_id = :workspace_id and segment_id = any(cast(:segments as uuid[]))
      and record_id = any(cast(:records as uuid[]))
    order by effective_at, id
    """
)


async def override_changes(
    uow: UnitOfWork, segments: Collection[UUID], records: Collection[UUID]
) -> list[OverrideChange]:
    """In their order."""
    asked = {"segments": sorted(segments), "records": sorted(records)}
    return await uow.rows(OverrideChange, _OVERRIDES, **asked)


@dataclass(frozen=True, slots=True)
class StoredPastMembership:
    segment_id: UUID
    record_id: UUID
    id: UUID
    entered_at: datetime
    entered_by: str
    left_at: datetime | None
    left_by: str | None


_MEMBERSHIPS = text(
    """
    select segment_id, record_id, id, entered_at, entered_by, left_at, left_by
    from segment_members
    where workspace_id = :workspace_id and segment_id = any(cast(:segments as uuid[]))
      and record_id = any(cast(:records as uuid[])) and retracted_at is null
      and left_at is distinct from entered_at
    order by entered_at, id
    """
)


async def memberships(
    uow: UnitOfWork, segments: Collection[UUID], records: Collection[UUID]
) -> list[StoredPastMembership]:
    """Those that lasted, in their order."""
    asked = {"segments": sorted(segments), "records": sorted(records)}
    return await uow.rows(StoredPastMembership, _MEMBERSHIPS, **asked)


_RETRACT = text(
    """
    update segment_members m
    set retracted_at = cast(:learned as timestamptz),
        left_at = coalesce(m.left_at, greatest(cast(:now as timestamptz), m.entered_at)),
        left_known_at = case when m.left_at is null then cast(:learned as timestamptz)
                             else m.left_known_at end
    from jsonb_to_recordset(cast(:memberships as jsonb))
           as r(segment_id uuid, record_id uuid, id uuid)
    where m.workspace_id = :workspace_id and m.segment_id = r.segment_id
      and m.record_id = r.record_id and m.id = r.id
    """
)
_ADD = text(
    """
    insert into segment_members
        (workspace_id, segment_id, record_id, id, entered_at, entered_by, left_at, left_by,
         known_at, left_known_at, corrected)
    select :workspace_id, a.segment_id, a.record_id, a.id, a.entered_at, a.entered_by, a.left_at,
           a.left_by, cast(:learned as timestamptz),
           case when a.left_at is not null then cast(:learned as timestamptz) end, true
    from jsonb_to_recordset(cast(:memberships as jsonb))
           as a(segment_id uuid, record_id uuid, id uuid, entered_at timestamptz, entered_by text,
                left_at timestamptz, left_by text)
    """
)


async def replace_memberships(
    uow: UnitOfWork, gone: Sequence[StoredPastMembership], new: Sequence[Mapping[str, Any]]
) -> None:
    """What was derived before stays, for who asks what was known then."""
    learned, now = await uow.machine_now(), await uow.now()
    if gone:
        rows = [
            {"segment_id": one.segment_id, "record_id": one.record_id, "id": one.id} for one in gone
        ]
        await uow.run(_RETRACT, memberships=to_json(rows).decode(), learned=learned, now=now)
    if new:
        rows = [{**one, "id": new_id()} for one in new]
        await uow.run(_ADD, memberships=to_json(rows).decode(), learned=learned)
