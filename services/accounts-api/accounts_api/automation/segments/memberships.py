"""Stays of records in segments, and what people said about them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.automation.segments.models import segment_members, segment_overrides
from accounts_api.language.rules.ignored import not_ignored
from shared.ids import new_id
from shared.values.plain import LATEST

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
            segment_members.c.segment_id == any_(bindparam(None, list(ids), type_=ARRAY(Uuid()))),
            segment_members.c.left_at.is_(None),
        )
        .group_by(segment_members.c.segment_id)
    )
    return {row[0]: row[1] for row in await session.execute(counted)}


_WORTH = {
    "account": "accounts r on r.workspace_id = m.workspace_id and r.id = m.record_id",
    "opportunity": "opportunities r on r.workspace_id = m.workspace_id and r.id = m.record_id",
    "organization": "accounts r on r.workspace_id = m.workspace_id"
    f" and r.organization_id = m.record_id and {not_ignored('r')}",
}


async def revenue(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, record_type: str
) -> Sequence[Any]:
    """Sum of the members' ARR by currency, and of how many records; an organization's is that of
    its accounts. Contacts have none.
    """
    if record_type not in _WORTH:
        return ()
    statement = text(
        f"""
        select r.currency, sum(r.arr)::bigint as amount, count(*) as records
        from segment_members m join {_WORTH[record_type]}
        where m.workspace_id = :workspace_id and m.segment_id = :segment_id and m.left_at is null
          and r.arr is not null and r.currency is not null and r.deleted_at is null
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
        json_build_object('id', s.id, 'title', s.title) order by s.title)::text as related
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
    returning 1
    """
)


async def hand_over(
    session: AsyncSession, workspace_id: UUID, loser_id: UUID, winner_id: UUID
) -> bool:
    """What a person said of one record holds of another that has no such word of its own."""
    given = {"workspace_id": workspace_id, "loser": loser_id, "winner": winner_id}
    return bool((await session.execute(_HAND_OVER, given)).all())
