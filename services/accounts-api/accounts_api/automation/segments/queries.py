from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.automation.segments.models import segment_overrides, segment_versions, segments
from shared.ids import new_id


def _ids(ids: Iterable[UUID]) -> Any:
    return any_(bindparam(None, list(ids), type_=ARRAY(Uuid())))


@dataclass(frozen=True, slots=True)
class Segment:
    id: UUID
    title: str
    description: str | None
    record_type: Any
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


_COLUMNS = (
    segments.c.id,
    segments.c.title,
    segments.c.description,
    segments.c.record_type,
    segments.c.rule,
    segments.c.group_key,
    segments.c.priority,
    segments.c.faults,
    segments.c.debounce_minutes,
    segments.c.archived_at,
    segments.c.version,
    segments.c.created_at,
    segments.c.updated_at,
)


def _segment(row: Any) -> Segment:
    return Segment(*row)


async def segment_by_id(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, *, lock: bool = False
) -> Segment | None:
    found = select(*_COLUMNS).where(
        segments.c.workspace_id == workspace_id, segments.c.id == segment_id
    )
    row = (
        await session.execute(found.with_for_update(key_share=True) if lock else found)
    ).one_or_none()
    return None if row is None else _segment(row)


async def segments_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Segment]:
    page = select(*_COLUMNS).where(
        segments.c.workspace_id == workspace_id, segments.c.archived_at.is_not(None) == archived
    )
    if record_type is not None:
        page = page.where(segments.c.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(segments.c.title, segments.c.id) > tuple_(*after))
    page = page.order_by(segments.c.title, segments.c.id).limit(limit)
    return [_segment(row) for row in await session.execute(page)]


async def segments_to_evaluate(
    session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID]
) -> Sequence[Segment]:
    """These segments and the others of their groups: they are decided together."""
    named = (segments.c.workspace_id == workspace_id, segments.c.id == _ids(ids))
    of_groups = tuple_(segments.c.record_type, segments.c.group_key).in_(
        select(segments.c.record_type, segments.c.group_key).where(
            *named, segments.c.group_key.is_not(None), segments.c.archived_at.is_(None)
        )
    )
    found = select(*_COLUMNS).where(
        segments.c.workspace_id == workspace_id,
        or_(segments.c.id == _ids(ids), and_(of_groups, segments.c.archived_at.is_(None))),
    )
    return [_segment(row) for row in await session.execute(found)]


async def live_segments(session: AsyncSession, workspace_id: UUID) -> Sequence[Segment]:
    found = select(*_COLUMNS).where(
        segments.c.workspace_id == workspace_id, segments.c.archived_at.is_(None)
    )
    return [_segment(row) for row in await session.execute(found)]


async def segments_ahead(
    session: AsyncSession,
    workspace_id: UUID,
    record_type: str,
    rank: tuple[str, int | None] | None,
    segment_id: UUID | None,
) -> Sequence[UUID]:
    """Those that come before a segment in its group, or before a place in one."""
    key: ColumnElement[Any] = literal(rank[0] if rank else None)
    place: ColumnElement[Any] = literal(rank[1] if rank else None)
    if rank is None:
        own = segments.alias("own")
        mine = (own.c.workspace_id == workspace_id, own.c.id == segment_id)
        key = select(own.c.group_key).where(*mine).scalar_subquery()
        place = select(own.c.priority).where(*mine).scalar_subquery()
    found = select(segments.c.id).where(
        segments.c.workspace_id == workspace_id,
        segments.c.record_type == record_type,
        segments.c.archived_at.is_(None),
        segments.c.group_key == key,
        segments.c.priority < place,
        segments.c.id.is_distinct_from(segment_id),
    )
    return (await session.scalars(found)).all()


async def add_segment(
    session: AsyncSession, workspace_id: UUID, values: Mapping[str, Any]
) -> Segment:
    made = insert(segments).values(workspace_id=workspace_id, id=new_id(), **values)
    return _segment((await session.execute(made.returning(*_COLUMNS))).one())


async def change_segment(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, values: Mapping[str, Any]
) -> Segment:
    changed = (
        update(segments)
        .where(segments.c.workspace_id == workspace_id, segments.c.id == segment_id)
        .values(version=segments.c.version + 1, updated_at=func.clock_timestamp(), **values)
    )
    return _segment((await session.execute(changed.returning(*_COLUMNS))).one())


async def archive_segment(session: AsyncSession, workspace_id: UUID, segment_id: UUID) -> Segment:
    """Nobody's word keeps a record in it."""
    await session.execute(
        delete(segment_overrides).where(
            segment_overrides.c.workspace_id == workspace_id,
            segment_overrides.c.segment_id == segment_id,
        )
    )
    values = {"archived_at": func.clock_timestamp()}
    return await change_segment(session, workspace_id, segment_id, values)


async def keep_version(
    session: AsyncSession, workspace_id: UUID, segment: Segment, cause: list[dict[str, Any]]
) -> None:
    await session.execute(
        insert(segment_versions).values(
            workspace_id=workspace_id,
            segment_id=segment.id,
            version=segment.version,
            title=segment.title,
            rule=segment.rule,
            cause=cause,
        )
    )


async def set_faults(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, faults: list[dict[str, Any]] | None
) -> None:
    await session.execute(
        update(segments)
        .where(segments.c.workspace_id == workspace_id, segments.c.id == segment_id)
        .values(faults=faults)
    )


async def record_exists(
    session: AsyncSession, workspace_id: UUID, table: str, record_id: UUID
) -> bool:
    statement = text(
        f"select 1 from {table}"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    given = {"workspace_id": workspace_id, "id": record_id}
    return (await session.execute(statement, given)).one_or_none() is not None
