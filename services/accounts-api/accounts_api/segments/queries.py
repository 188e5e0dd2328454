from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    DateTime,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    false,
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
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.rules.checked import Rule
from accounts_api.rules.moment import Moment
from accounts_api.rules.needs import Needs
from accounts_api.rules.sql.judged import judged
from accounts_api.rules.sql.rows import other_table, record_table
from accounts_api.rules.sql.snapshot import snapshot
from accounts_api.rules.sql.verdict import verdict
from accounts_api.segments.models import (
    segment_members,
    segment_overrides,
    segment_versions,
    segments,
)
from accounts_api.segments.refusals import RuleTooExpensive
from shared.db import sqlstate
from shared.ids import new_id
from shared.schemas import LATEST

SAMPLES = 10


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
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    segments.c.id,
    segments.c.title,
    segments.c.description,
    segments.c.record_type,
    segments.c.rule,
    segments.c.group_key,
    segments.c.priority,
    segments.c.faults,
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


async def segments_to_judge(
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


async def difference(
    session: AsyncSession,
    workspace_id: UUID,
    rules: Sequence[tuple[UUID, Rule]],
    ids: Sequence[UUID],
    moment: Moment,
) -> Sequence[Any]:
    """Where membership or the horizon is not what the rules say: rows of (record_id, segment_id,
    deleted, wanted, included, member_id, flips_at, kept_flips_at). `included` is a person's word,
    or null.

    Of the segments of a group a record is in one: the first by priority whose rule it satisfies,
    those a person put it in first.
    """
    verdicts = judged(rules, workspace_id, ids, moment)
    record, watch = verdicts.c.record_id, verdicts.c.watch_id
    # What is stored is looked up row by row on unique keys: a join would be planned badly for a
    # table that has grown since it was last analyzed, as these do when a segment is new.
    known = (
        select(
            record,
            watch.label("segment_id"),
            verdicts.c.deleted,
            verdicts.c.matched,
            verdicts.c.flips_at,
            _override(workspace_id, watch, record).label("included"),
            _member(workspace_id, watch, record).label("member_id"),
            _horizon(workspace_id, watch, record).label("kept_flips_at"),
        )
        .cte("known")
        .prefix_with("materialized")
    )
    segment = segments.alias("s")
    said = and_(func.coalesce(known.c.included, known.c.matched), ~known.c.deleted)
    group = func.coalesce(segment.c.group_key, cast(segment.c.id, Text))
    rank = func.row_number().over(
        partition_by=(known.c.record_id, group),
        order_by=(
            said.desc(),
            func.coalesce(known.c.included, false()).desc(),
            segment.c.priority,
            segment.c.id,
        ),
    )
    wanted = (
        select(
            known.c.record_id,
            known.c.segment_id,
            known.c.deleted,
            and_(said, rank == 1).label("wanted"),
            known.c.included,
            known.c.member_id,
            known.c.flips_at,
            known.c.kept_flips_at,
        )
        .join(
            segment,
            and_(segment.c.workspace_id == workspace_id, segment.c.id == known.c.segment_id),
        )
        .cte("wanted")
    )
    statement = select(wanted).where(
        or_(
            wanted.c.wanted != wanted.c.member_id.is_not(None),
            wanted.c.flips_at.is_distinct_from(wanted.c.kept_flips_at),
        )
    )
    return (await session.execute(statement)).all()


def _override(workspace_id: UUID, segment: Any, record: Any) -> Any:
    kept = segment_overrides.alias("o")
    found = select(kept.c.included).where(
        kept.c.workspace_id == workspace_id,
        kept.c.segment_id == segment,
        kept.c.record_id == record,
    )
    return found.scalar_subquery()


def _member(workspace_id: UUID, segment: Any, record: Any) -> Any:
    kept = segment_members.alias("m")
    found = select(kept.c.id).where(
        kept.c.workspace_id == workspace_id,
        kept.c.segment_id == segment,
        kept.c.record_id == record,
        kept.c.left_at.is_(None),
    )
    return found.scalar_subquery()


def _horizon(workspace_id: UUID, segment: Any, record: Any) -> Any:
    kept = other_table(
        "watch_horizons",
        {"watch_id": Uuid(), "record_id": Uuid(), "flips_at": DateTime(timezone=True)},
    )
    found = select(kept.c.flips_at).where(
        kept.c.workspace_id == workspace_id,
        kept.c.watch_id == segment,
        kept.c.record_id == record,
    )
    return found.scalar_subquery()


_ENTER = text(
    """
    insert into segment_members
        (workspace_id, segment_id, record_id, id, entered_at, entered_by)
    select :workspace_id, e.segment_id, e.record_id, e.id, e.at, e.by
    from jsonb_to_recordset(cast(:moves as jsonb))
           as e(segment_id uuid, record_id uuid, id uuid, at timestamptz, by text)
    """
)
_LEAVE = text(
    """
    update segment_members m set left_at = greatest(l.at, m.entered_at), left_by = l.by,
           left_known_at = clock_timestamp()
    from jsonb_to_recordset(cast(:moves as jsonb))
           as l(segment_id uuid, record_id uuid, id uuid, at timestamptz, by text)
    where m.workspace_id = :workspace_id and m.segment_id = l.segment_id
      and m.record_id = l.record_id and m.id = l.id
    """
)


async def enter(
    session: AsyncSession, workspace_id: UUID, moves: Sequence[Mapping[str, Any]]
) -> None:
    """Rows of segment_id, record_id, at, by."""
    rows = [{**move, "id": new_id()} for move in moves]
    given = {"workspace_id": workspace_id, "moves": to_json(rows).decode()}
    await session.execute(_ENTER, given)


async def leave(
    session: AsyncSession, workspace_id: UUID, moves: Sequence[Mapping[str, Any]]
) -> None:
    """Rows of segment_id, record_id, id of the membership, at, by."""
    given = {"workspace_id": workspace_id, "moves": to_json(list(moves)).decode()}
    await session.execute(_LEAVE, given)


async def counts(session: AsyncSession, workspace_id: UUID, ids: Iterable[UUID]) -> dict[UUID, int]:
    counted = (
        select(segment_members.c.segment_id, func.count())
        .where(
            segment_members.c.workspace_id == workspace_id,
            segment_members.c.segment_id == _ids(ids),
            segment_members.c.left_at.is_(None),
        )
        .group_by(segment_members.c.segment_id)
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


async def revenue(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, table: str
) -> Sequence[Any]:
    """Sum and number of the members' ARR by currency."""
    statement = text(
        f"""
        select r.currency, sum(r.arr)::bigint as amount, count(*) as records
        from segment_members m join {table} r
          on r.workspace_id = m.workspace_id and r.id = m.record_id
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id and m.left_at is null
          and r.arr is not null and r.currency is not null
        group by r.currency order by r.currency
        """
    )
    given = {"workspace_id": workspace_id, "segment_id": segment_id}
    return (await session.execute(statement, given)).all()


async def members_page(
    session: AsyncSession,
    workspace_id: UUID,
    segment_id: UUID,
    table: str,
    *,
    as_of: datetime | None,
    known_as_of: datetime | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Any]:
    """By record id; the members now, or those of an instant as far as was known at another."""
    then = "m.left_at is null"
    if as_of is not None or known_as_of is not None:
        then = """
            m.entered_at <= :as_of and coalesce(m.known_at, m.entered_at) <= :known_as_of
            and (m.left_at is null or m.left_at > :as_of
                 or coalesce(m.left_known_at, m.left_at) > :known_as_of)
        """
    following = "" if after is None else "and m.record_id > :after"
    statement = text(
        f"""
        select m.record_id, r.name, r.external_id, m.entered_at, m.entered_by, m.left_at
        from segment_members m join {table} r
          on r.workspace_id = m.workspace_id and r.id = m.record_id
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id and {then} {following}
        order by m.record_id limit :limit
        """
    )
    given = {"workspace_id": workspace_id, "segment_id": segment_id, "limit": limit}
    if as_of is not None or known_as_of is not None:
        given |= {"as_of": as_of or LATEST, "known_as_of": known_as_of or LATEST}
    if after is not None:
        given["after"] = after
    return (await session.execute(statement, given)).all()


async def memberships(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_id: UUID
) -> Sequence[Any]:
    """The newest stays of a record in a segment, latest first."""
    stays = (
        select(
            segment_members.c.entered_at,
            segment_members.c.entered_by,
            segment_members.c.left_at,
            segment_members.c.left_by,
        )
        .where(
            segment_members.c.workspace_id == workspace_id,
            segment_members.c.segment_id == segment_id,
            segment_members.c.record_id == record_id,
        )
        .order_by(segment_members.c.id.desc())
        .limit(50)
    )
    return (await session.execute(stays)).all()


SEGMENTS_OF: Final = """
    select m.record_id::text as id, json_agg(
        json_build_object('id', s.id, 'title', s.title) order by s.title)::text as part
    from segment_members m join segments s
      on s.workspace_id = m.workspace_id and s.id = m.segment_id
    where m.workspace_id = :workspace_id and m.left_at is null
      and m.record_id = any(cast(:ids as uuid[]))
    group by m.record_id
"""
"""For each of the records the list of its segments, id and title."""


async def override_of(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_id: UUID
) -> Any:
    found = select(
        segment_overrides.c.included, segment_overrides.c.note, segment_overrides.c.created_at
    ).where(
        segment_overrides.c.workspace_id == workspace_id,
        segment_overrides.c.segment_id == segment_id,
        segment_overrides.c.record_id == record_id,
    )
    return (await session.execute(found)).one_or_none()


async def set_override(
    session: AsyncSession,
    workspace_id: UUID,
    segment_id: UUID,
    record_id: UUID,
    *,
    included: bool,
    note: str | None,
    cause: list[dict[str, Any]],
) -> None:
    said = {"included": included, "note": note, "cause": cause}
    statement = upsert(segment_overrides).values(
        workspace_id=workspace_id, segment_id=segment_id, record_id=record_id, **said
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "segment_id", "record_id"],
            set_={**said, "created_at": func.clock_timestamp()},
        )
    )


async def clear_override(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_id: UUID
) -> bool:
    cleared = segment_overrides.delete().where(
        segment_overrides.c.workspace_id == workspace_id,
        segment_overrides.c.segment_id == segment_id,
        segment_overrides.c.record_id == record_id,
    )
    return bool((await session.execute(cleared.returning(literal(1)))).all())


async def preview(
    session: AsyncSession,
    workspace_id: UUID,
    segment_id: UUID | None,
    rule: Rule,
    moment: Moment,
) -> Any:
    """Counts of a draft over every record, and some of those that would move, as JSON texts."""
    row = record_table(rule.type)
    member, override = segment_members.alias("m"), segment_overrides.alias("o")
    now = func.coalesce(verdict(rule, row, moment), false())
    judged_rows = (
        select(
            row.c.id,
            row.c.name,
            func.coalesce(override.c.included, now).label("matched"),
            member.c.id.is_not(None).label("member"),
        )
        .outerjoin(
            member,
            and_(
                member.c.workspace_id == workspace_id,
                member.c.segment_id == segment_id,
                member.c.record_id == row.c.id,
                member.c.left_at.is_(None),
            ),
        )
        .outerjoin(
            override,
            and_(
                override.c.workspace_id == workspace_id,
                override.c.segment_id == segment_id,
                override.c.record_id == row.c.id,
            ),
        )
        .where(row.c.workspace_id == workspace_id, row.c.deleted_at.is_(None))
        .cte("judged")
    )
    entering = and_(judged_rows.c.matched, ~judged_rows.c.member)
    leaving = and_(~judged_rows.c.matched, judged_rows.c.member)

    def some(which: Any) -> Any:
        few = (
            select(judged_rows.c.id, judged_rows.c.name)
            .where(which)
            .order_by(judged_rows.c.id)
            .limit(SAMPLES)
            .subquery()
        )
        one = func.json_build_object("id", few.c.id, "name", few.c.name)
        return cast(select(func.coalesce(func.json_agg(one), text("'[]'"))).scalar_subquery(), Text)

    counted = select(
        func.count().label("records"),
        func.count().filter(judged_rows.c.matched).label("count"),
        func.count().filter(entering).label("entering"),
        func.count().filter(leaving).label("leaving"),
        func.count().filter(and_(judged_rows.c.matched, judged_rows.c.member)).label("unchanged"),
        some(entering).label("entering_samples"),
        some(leaving).label("leaving_samples"),
        some(judged_rows.c.matched).label("samples"),
    ).select_from(judged_rows)
    try:
        return (await session.execute(counted)).one()
    except DBAPIError as error:
        if sqlstate(error) == "57014":  # statement timeout
            raise RuleTooExpensive("Make it narrower, or compare fewer related records.") from error
        raise


async def snapshots(
    session: AsyncSession, workspace_id: UUID, needs: Needs, ids: Sequence[UUID], moment: Moment
) -> dict[UUID, tuple[bool, str]]:
    """For each record whether it is deleted, and what rules see of it, for `read_snapshot`."""
    row = record_table(needs.type)
    found = select(row.c.id, row.c.deleted_at.is_not(None), snapshot(needs, row, moment)).where(
        row.c.workspace_id == workspace_id, row.c.id == _ids(ids)
    )
    return {id_: (deleted, seen) for id_, deleted, seen in await session.execute(found)}


_KEPT = text(
    """
    select s.id as segment_id, r.id as record_id,
        (select o.included from segment_overrides o
         where o.workspace_id = :workspace_id and o.segment_id = s.id and o.record_id = r.id)
            as included,
        (select m.id from segment_members m
         where m.workspace_id = :workspace_id and m.segment_id = s.id and m.record_id = r.id
           and m.left_at is null) as member_id,
        (select h.flips_at from watch_horizons h
         where h.workspace_id = :workspace_id and h.watch_id = s.id and h.record_id = r.id)
            as flips_at
    from unnest(cast(:segments as uuid[])) s (id), unnest(cast(:records as uuid[])) r (id)
    """
)


async def kept(
    session: AsyncSession, workspace_id: UUID, segment_ids: Sequence[UUID], ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Any]:
    """What is stored of records in segments: `included`, `member_id`, `flips_at`."""
    given = {"workspace_id": workspace_id, "segments": segment_ids, "records": ids}
    found = await session.execute(_KEPT, given)
    return {(row.segment_id, row.record_id): row for row in found}


async def record_snapshot(
    session: AsyncSession, workspace_id: UUID, needs: Needs, record_id: UUID, moment: Moment
) -> str | None:
    """What the rule sees of one live record, for `read_snapshot`."""
    row = record_table(needs.type)
    found = select(snapshot(needs, row, moment)).where(
        row.c.workspace_id == workspace_id, row.c.id == record_id, row.c.deleted_at.is_(None)
    )
    return (await session.scalars(found)).one_or_none()


async def record_exists(
    session: AsyncSession, workspace_id: UUID, table: str, record_id: UUID
) -> bool:
    statement = text(
        f"select 1 from {table}"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    given = {"workspace_id": workspace_id, "id": record_id}
    return (await session.execute(statement, given)).one_or_none() is not None
