from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.automation.segments.models import (
    Segment,
    segment_members,
    segment_overrides,
    segment_versions,
    segments,
)
from accounts_api.language.rules.ignored import not_ignored
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.uow import UnitOfWork

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
).order_by(segments.c.id)


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
    """Nobody's word keeps a record in it; that it is archived says so of the past, too."""
    await uow.run(_CLEAR_OVERRIDES, segment_id=segment_id)
    return await change_segment(uow, segment_id, {"archived_at": func.clock_timestamp()})


async def keep_version(uow: UnitOfWork, segment: Segment, cause: list[dict[str, Any]]) -> None:
    await uow.run(
        insert(segment_versions).values(
            segment_id=segment.id,
            version=segment.version,
            title=segment.title,
            rule=segment.rule,
            group_key=segment.group_key,
            priority=segment.priority,
            archived=segment.archived_at is not None,
            effective_at=await uow.now(),
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


@dataclass(frozen=True, slots=True)
class _Count:
    segment_id: UUID
    members: int


_COUNTS = (
    select(segment_members.c.segment_id, func.count().label("members"))
    .where(
        segment_members.c.workspace_id == WORKSPACE,
        segment_members.c.segment_id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        segment_members.c.left_at.is_(None),
    )
    .group_by(segment_members.c.segment_id)
)


async def counts(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, int]:
    counted = await uow.rows(_Count, _COUNTS, ids=list(ids))
    return {count.segment_id: count.members for count in counted}


_WORTH = {
    "account": "accounts r on r.workspace_id = m.workspace_id and r.id = m.record_id",
    "opportunity": "opportunities r on r.workspace_id = m.workspace_id and r.id = m.record_id",
    "organization": "accounts r on r.workspace_id = m.workspace_id"
    f" and r.organization_id = m.record_id and {not_ignored('r')}",
}


@dataclass(frozen=True, slots=True)
class Revenue:
    currency: str
    amount: int
    records: int


async def revenue(uow: UnitOfWork, segment_id: UUID, record_type: str) -> list[Revenue]:
    """Sum of the members' ARR by currency, and of how many records; an organization's is that of
    its accounts. Contacts have none.
    """
    if record_type not in _WORTH:
        return []
    statement = text(
        f"""
        select r.currency, sum(r.arr)::bigint as amount, count(*) as records
        from segment_members m join {_WORTH[record_type]}
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id and m.left_at is null
          and r.arr is not null and r.currency is not null and r.deleted_at is null
        group by r.currency order by r.currency
        """
    )
    return await uow.rows(Revenue, statement, segment_id=segment_id)
