"""Memberships of records in segments, and what people said about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from accounts_api.automation.segments.models import (
    segment_members,
    segment_override_changes,
    segment_overrides,
    segments,
)
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.uow import UnitOfWork
from shared.values.plain import LATEST

_ENTER = text(
    """
    insert into segment_members
        (workspace_id, segment_id, record_id, id, entered_at, entered_by)
    select :workspace_id, e.segment_id, e.record_id, e.id, greatest(e.at, (
               select max(m.left_at) from segment_members m
               where m.workspace_id = :workspace_id and m.segment_id = e.segment_id
                 and m.record_id = e.record_id and m.retracted_at is null)), e.by
    from jsonb_to_recordset(cast(:moves as jsonb))
           as e(segment_id uuid, record_id uuid, id uuid, at timestamptz, by text)
    """
)
# Each row is found and locked by its key, and then meets itself. An UPDATE of all together would be
# planned as a join that goes through every move for each membership of the workspace, wherever
# fewer are expected than there are: as soon as a segment is new.
_LEAVE = text(
    """
    insert into segment_members
        (workspace_id, segment_id, record_id, id, entered_at, entered_by, left_at, left_by,
         left_known_at)
    select :workspace_id, m.segment_id, m.record_id, m.id, m.entered_at, m.entered_by,
           greatest(l.at, m.entered_at), l.by, clock_timestamp()
    from jsonb_to_recordset(cast(:moves as jsonb))
           as l(segment_id uuid, record_id uuid, id uuid, at timestamptz, by text)
    cross join lateral (
        select * from segment_members m
        where m.workspace_id = :workspace_id and m.segment_id = l.segment_id
          and m.record_id = l.record_id and m.id = l.id
        limit 1 for update
    ) m
    on conflict (workspace_id, segment_id, record_id, id) do update
    set left_at = excluded.left_at, left_by = excluded.left_by,
        left_known_at = excluded.left_known_at
    """
)


async def enter(uow: UnitOfWork, moves: Sequence[Mapping[str, Any]]) -> None:
    """Rows of segment_id, record_id, at, by."""
    rows = [{**move, "id": new_id()} for move in moves]
    await uow.run(_ENTER, moves=to_json(rows).decode())


async def leave(uow: UnitOfWork, moves: Sequence[Mapping[str, Any]]) -> None:
    """Rows of segment_id, record_id, id of the membership, at, by."""
    await uow.run(_LEAVE, moves=to_json(list(moves)).decode())


@dataclass(frozen=True, slots=True)
class SegmentMember:
    record_id: UUID
    name: str
    external_id: str | None
    entered_at: datetime
    entered_by: str
    left_at: datetime | None


async def members_page(
    uow: UnitOfWork,
    segment_id: UUID,
    table: str,
    *,
    as_of: datetime | None,
    known_as_of: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[SegmentMember]:
    """By record id; the members now, or those of an instant as far as was known at another."""
    then, left_at = "m.left_at is null", "m.left_at"
    if as_of is not None or known_as_of is not None:
        then = """
            m.entered_at <= :as_of and coalesce(m.known_at, m.entered_at) <= :known_as_of
            and (m.retracted_at is null or m.retracted_at > :known_as_of)
            and (m.left_at is null or m.left_at > :as_of
                 or coalesce(m.left_known_at, m.left_at) > :known_as_of)
        """
        left_at = (
            "case when coalesce(m.left_known_at, m.left_at) <= :known_as_of then m.left_at end"
            " as left_at"
        )
    following = "" if after is None else "and m.record_id > :after"
    statement = text(
        f"""
        select m.record_id, r.name, r.external_id, m.entered_at, m.entered_by, {left_at}
        from segment_members m join {table} r
          on r.workspace_id = m.workspace_id and r.id = m.record_id
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id and {then} {following}
        order by m.record_id limit :limit
        """
    )
    given: dict[str, object] = {"segment_id": segment_id, "limit": limit}
    if as_of is not None or known_as_of is not None:
        given |= {"as_of": as_of or LATEST, "known_as_of": known_as_of or LATEST}
    if after is not None:
        given["after"] = after
    return await uow.rows(SegmentMember, statement, **given)


@dataclass(frozen=True, slots=True)
class Membership:
    entered_at: datetime
    entered_by: str
    left_at: datetime | None
    left_by: str | None
    corrected: bool


_MEMBERSHIPS = (
    select(*(segment_members.c[field.name] for field in fields(Membership)))
    .where(
        segment_members.c.workspace_id == WORKSPACE,
        segment_members.c.segment_id == bindparam("segment_id"),
        segment_members.c.record_id == bindparam("record_id"),
        segment_members.c.retracted_at.is_(None),
    )
    .order_by(segment_members.c.entered_at.desc(), segment_members.c.id.desc())
    .limit(50)
)


async def memberships(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> list[Membership]:
    """The newest memberships of a record in a segment, latest first."""
    return await uow.rows(Membership, _MEMBERSHIPS, segment_id=segment_id, record_id=record_id)


SEGMENTS_OF: Final = """
    select m.record_id::text as id, json_agg(
        json_build_object('id', s.id, 'title', s.title) order by s.title)::text as related
    from segment_members m join segments s
      on s.workspace_id = m.workspace_id and s.id = m.segment_id
    where m.workspace_id = :workspace_id and m.left_at is null
      and m.record_id = any(cast(:ids as uuid[]))
    group by m.record_id
"""
"""For each of the records the list of its segments, id and title."""


@dataclass(frozen=True, slots=True)
class Override:
    included: bool
    note: str | None
    created_at: datetime


_OVERRIDE = select(*(segment_overrides.c[field.name] for field in fields(Override))).where(
    segment_overrides.c.workspace_id == WORKSPACE,
    segment_overrides.c.segment_id == bindparam("segment_id"),
    segment_overrides.c.record_id == bindparam("record_id"),
)


async def override_of(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> Override | None:
    return await uow.row(Override, _OVERRIDE, segment_id=segment_id, record_id=record_id)


async def set_override(
    uow: UnitOfWork,
    segment_id: UUID,
    record_id: UUID,
    *,
    included: bool,
    note: str | None,
    cause: list[dict[str, Any]],
) -> None:
    said = {"included": included, "note": note, "cause": cause}
    statement = upsert(segment_overrides).values(segment_id=segment_id, record_id=record_id, **said)
    await uow.run(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "segment_id", "record_id"],
            set_={**said, "created_at": func.clock_timestamp()},
        )
    )
    await _keep_change(uow, segment_id, record_id, included=included)


async def _keep_change(
    uow: UnitOfWork, segment_id: UUID, record_id: UUID, *, included: bool | None
) -> None:
    """For who asks what was said then."""
    said = {"segment_id": segment_id, "record_id": record_id, "included": included}
    now = await uow.now()
    await uow.run(insert(segment_override_changes).values(id=new_id(), effective_at=now, **said))


_CLEAR_OVERRIDE = delete(segment_overrides).where(
    segment_overrides.c.workspace_id == WORKSPACE,
    segment_overrides.c.segment_id == bindparam("segment_id"),
    segment_overrides.c.record_id == bindparam("record_id"),
)


async def clear_override(uow: UnitOfWork, segment_id: UUID, record_id: UUID) -> bool:
    cleared = await uow.run(_CLEAR_OVERRIDE, segment_id=segment_id, record_id=record_id) > 0
    if cleared:
        await _keep_change(uow, segment_id, record_id, included=None)
    return cleared


_HAND_OVER = text(
    """
    with moved as (
        delete from segment_overrides
        where workspace_id = :workspace_id and record_id = :loser
        returning segment_id, included, note, cause, created_at
    )
    insert into segment_overrides
        (workspace_id, segment_id, record_id, included, note, cause, created_at)
    select :workspace_id, segment_id, :winner, included, note, cause, created_at from moved
    on conflict (workspace_id, segment_id, record_id) do nothing
    returning segment_id, included
    """
)


@dataclass(frozen=True, slots=True)
class _HandedOver:
    segment_id: UUID
    included: bool


async def hand_over(uow: UnitOfWork, loser_id: UUID, winner_id: UUID) -> bool:
    """What a person said of one record holds of another that has no such word of its own."""
    handed = await uow.rows(_HandedOver, _HAND_OVER, loser=loser_id, winner=winner_id)
    for one in handed:
        await _keep_change(uow, one.segment_id, winner_id, included=one.included)
    return bool(handed)


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


async def record_exists(uow: UnitOfWork, table: str, record_id: UUID) -> bool:
    statement = text(
        f"select id from {table}"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    return await uow.value(UUID, statement, id=record_id) is not None
