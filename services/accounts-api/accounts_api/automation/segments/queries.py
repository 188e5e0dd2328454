from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
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

from accounts_api.automation.segments.models import segment_overrides, segment_versions, segments
from shared.data import WORKSPACE
from shared.events.accounts import RecordType
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Segment:
    id: UUID
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


_COLUMNS = tuple(segments.c[field.name] for field in fields(Segment))
_OF_WORKSPACE = select(*_COLUMNS).where(segments.c.workspace_id == WORKSPACE)
_LIVE = _OF_WORKSPACE.where(segments.c.archived_at.is_(None))
_BY_ID = _OF_WORKSPACE.where(segments.c.id == bindparam("segment_id"))


async def segment_by_id(uow: UnitOfWork, segment_id: UUID, *, lock: bool = False) -> Segment | None:
    statement = _BY_ID.with_for_update(key_share=True) if lock else _BY_ID
    return await uow.row(Segment, statement, segment_id=segment_id)


async def segments_page(
    uow: UnitOfWork,
    *,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Segment]:
    page = _OF_WORKSPACE.where(segments.c.archived_at.is_not(None) == archived)
    if record_type is not None:
        page = page.where(segments.c.record_type == record_type)
    if after is not None:
        page = page.where(tuple_(segments.c.title, segments.c.id) > tuple_(*after))
    return await uow.rows(Segment, page.order_by(segments.c.title, segments.c.id).limit(limit))


_NAMED = segments.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
_OF_THEIR_GROUPS = tuple_(segments.c.record_type, segments.c.group_key).in_(
    select(segments.c.record_type, segments.c.group_key).where(
        segments.c.workspace_id == WORKSPACE,
        _NAMED,
        segments.c.group_key.is_not(None),
        segments.c.archived_at.is_(None),
    )
)
_TO_EVALUATE = _OF_WORKSPACE.where(
    or_(_NAMED, and_(_OF_THEIR_GROUPS, segments.c.archived_at.is_(None)))
)


async def segments_to_evaluate(uow: UnitOfWork, ids: Collection[UUID]) -> list[Segment]:
    """These segments and the others of their groups: they are decided together."""
    return await uow.rows(Segment, _TO_EVALUATE, ids=list(ids))


async def live_segments(uow: UnitOfWork) -> list[Segment]:
    return await uow.rows(Segment, _LIVE)


_NAMING = _LIVE.where(
    func.strpos(cast(segments.c.rule, Text), bindparam("named", type_=Text())) > 0
).order_by(segments.c.title, segments.c.id)


async def segments_naming(uow: UnitOfWork, named: str) -> list[Segment]:
    """Whose rules hold this text, by title."""
    return await uow.rows(Segment, _NAMING, named=named)


async def segments_ahead(
    uow: UnitOfWork,
    record_type: str,
    rank: tuple[str, int | None] | None,
    segment_id: UUID | None,
) -> list[UUID]:
    """Those that come before a segment in its group, or before a place in one."""
    key: ColumnElement[Any] = literal(rank[0] if rank else None)
    place: ColumnElement[Any] = literal(rank[1] if rank else None)
    if rank is None:
        own = segments.alias("own")
        mine = (own.c.workspace_id == WORKSPACE, own.c.id == segment_id)
        key = select(own.c.group_key).where(*mine).scalar_subquery()
        place = select(own.c.priority).where(*mine).scalar_subquery()
    ahead = select(segments.c.id).where(
        segments.c.workspace_id == WORKSPACE,
        segments.c.record_type == record_type,
        segments.c.archived_at.is_(None),
        segments.c.group_key == key,
        segments.c.priority < place,
        segments.c.id.is_distinct_from(segment_id),
    )
    return await uow.values(UUID, ahead)


async def add_segment(uow: UnitOfWork, values: Mapping[str, object]) -> Segment:
    added = insert(segments).values(id=new_id(), **values).returning(*_COLUMNS)
    return await uow.one(Segment, added)


async def change_segment(
    uow: UnitOfWork, segment_id: UUID, values: Mapping[str, object]
) -> Segment:
    changed = (
        update(segments)
        .where(segments.c.workspace_id == uow.workspace_id, segments.c.id == segment_id)
        .values(version=segments.c.version + 1, updated_at=func.clock_timestamp(), **values)
        .returning(*_COLUMNS)
    )
    return await uow.one(Segment, changed)


_CLEAR_OVERRIDES = delete(segment_overrides).where(
    segment_overrides.c.workspace_id == WORKSPACE,
    segment_overrides.c.segment_id == bindparam("segment_id"),
)


async def archive_segment(uow: UnitOfWork, segment_id: UUID) -> Segment:
    """Nobody's word keeps a record in it."""
    await uow.run(_CLEAR_OVERRIDES, segment_id=segment_id)
    return await change_segment(uow, segment_id, {"archived_at": func.clock_timestamp()})


async def keep_version(uow: UnitOfWork, segment: Segment, cause: list[dict[str, Any]]) -> None:
    await uow.run(
        insert(segment_versions).values(
            segment_id=segment.id,
            version=segment.version,
            title=segment.title,
            rule=segment.rule,
            cause=cause,
        )
    )


async def set_faults(
    uow: UnitOfWork, segment_id: UUID, faults: list[dict[str, Any]] | None
) -> None:
    await uow.run(
        update(segments)
        .where(segments.c.workspace_id == uow.workspace_id, segments.c.id == segment_id)
        .values(faults=faults)
    )


async def record_exists(uow: UnitOfWork, table: str, record_id: UUID) -> bool:
    statement = text(
        f"select id from {table}"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    return await uow.value(UUID, statement, id=record_id) is not None
