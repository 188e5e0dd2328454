"""Moves that others are told of only when they have lasted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.held_work import not_held

STEP: Final = "segment_pending_notifications"
_ITEM: Final = "s.segment_id || ':' || s.record_id"
_DUE_WORKSPACES = text(
    """
    select w.workspace_id from workspaces w
    where (select t.due_at from segment_pending_notifications t
           where t.workspace_id = w.workspace_id order by t.workspace_id, t.due_at limit 1)
          <= coalesce(w.frozen_at, clock_timestamp())
    """
)
_PENDING = text(
    """
    select record_id, entered, at, by, resumed, cause, due_at from segment_pending_notifications
    where workspace_id = :workspace_id and segment_id = :segment_id
      and record_id = any(cast(:ids as uuid[]))
    """
)
_DELAY = text(
    """
    insert into segment_pending_notifications
        (workspace_id, segment_id, record_id, entered, at, by, resumed, cause, due_at)
    select :workspace_id, t.segment_id, t.record_id, t.entered, t.at, t.by, t.resumed, t.cause,
           t.due_at
    from jsonb_to_recordset(cast(:moves as jsonb)) as t(
        segment_id uuid, record_id uuid, entered boolean, at timestamptz, by text,
        resumed boolean, cause jsonb, due_at timestamptz)
    on conflict (workspace_id, segment_id, record_id) do update
    set entered = excluded.entered, at = excluded.at, by = excluded.by,
        resumed = excluded.resumed, cause = excluded.cause, due_at = excluded.due_at
    """
)
_DROP = text(
    """
    delete from segment_pending_notifications
    where workspace_id = :workspace_id and segment_id = :segment_id
      and record_id = any(cast(:ids as uuid[]))
    """
)


def _claim(which: str) -> TextClause:
    return text(
        f"""
        with claimed as (
            delete from segment_pending_notifications t using ({which}) w
            where t.workspace_id = :workspace_id
              and t.segment_id = w.segment_id and t.record_id = w.record_id
            returning t.segment_id, t.record_id, t.entered, t.at, t.by, t.resumed, t.cause, t.due_at
        )
        select c.*, s.title, s.record_type
        from claimed c join segments s on s.workspace_id = :workspace_id and s.id = c.segment_id
        order by c.due_at, c.at, c.segment_id, c.record_id
        """
    )


_CLAIM_DUE = _claim(
    "select segment_id, record_id from segment_pending_notifications s"
    " where workspace_id = :workspace_id and due_at <= :until"
    f" and {not_held(STEP, 's.workspace_id', _ITEM)}"
    " order by due_at limit :limit"
)
_CLAIM_ALL = _claim(
    "select segment_id, record_id from segment_pending_notifications"
    " where workspace_id = :workspace_id and segment_id = :segment_id"
)


async def workspaces_with_due(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(_DUE_WORKSPACES)).all()


async def pending(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, Any]:
    """By record: the move that others were not told of yet."""
    given = {"workspace_id": workspace_id, "segment_id": segment_id, "ids": list(ids)}
    return {row.record_id: row for row in await session.execute(_PENDING, given)}


async def delay(
    session: AsyncSession, workspace_id: UUID, moves: Sequence[Mapping[str, Any]]
) -> None:
    given = {"workspace_id": workspace_id, "moves": to_json(moves).decode()}
    await session.execute(_DELAY, given)


async def drop(
    session: AsyncSession, workspace_id: UUID, segment_id: UUID, ids: Sequence[UUID]
) -> None:
    given = {"workspace_id": workspace_id, "segment_id": segment_id, "ids": ids}
    await session.execute(_DROP, given)


async def claim_due(
    session: AsyncSession, workspace_id: UUID, until: datetime, limit: int
) -> Sequence[Any]:
    """Those due until an instant, taken out: they are told in this transaction."""
    given = {"workspace_id": workspace_id, "until": until, "limit": limit}
    return (await session.execute(_CLAIM_DUE, given)).all()


async def claim_all(session: AsyncSession, workspace_id: UUID, segment_id: UUID) -> Sequence[Any]:
    given = {"workspace_id": workspace_id, "segment_id": segment_id}
    return (await session.execute(_CLAIM_ALL, given)).all()
