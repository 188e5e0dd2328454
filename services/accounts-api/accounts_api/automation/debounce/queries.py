"""Moves that others are told of only when they have lasted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from shared.data import Transaction
from shared.events.records import RecordType
from shared.held_work import not_held
from shared.uow import UnitOfWork

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


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A move that others were not told of yet."""

    record_id: UUID
    entered: bool
    at: datetime
    by: str
    resumed: bool
    cause: list[dict[str, Any]]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedMove:
    segment_id: UUID
    record_id: UUID
    entered: bool
    at: datetime
    by: str
    resumed: bool
    cause: list[dict[str, Any]]
    due_at: datetime
    title: str
    record_type: RecordType


async def workspaces_with_due(scope: Transaction) -> list[UUID]:
    return await scope.values(UUID, _DUE_WORKSPACES)


async def pending(
    uow: UnitOfWork, segment_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, PendingMove]:
    """By record."""
    moves = await uow.rows(PendingMove, _PENDING, segment_id=segment_id, ids=list(ids))
    return {move.record_id: move for move in moves}


async def delay(uow: UnitOfWork, moves: Sequence[Mapping[str, Any]]) -> None:
    await uow.run(_DELAY, moves=to_json(moves).decode())


async def drop(uow: UnitOfWork, segment_id: UUID, ids: Iterable[UUID]) -> None:
    await uow.run(_DROP, segment_id=segment_id, ids=list(ids))


async def claim_due(uow: UnitOfWork, until: datetime, limit: int) -> list[ClaimedMove]:
    """Those due until an instant, taken out: they are told in this transaction."""
    return await uow.rows(ClaimedMove, _CLAIM_DUE, until=until, limit=limit)


async def claim_all(uow: UnitOfWork, segment_id: UUID) -> list[ClaimedMove]:
    return await uow.rows(ClaimedMove, _CLAIM_ALL, segment_id=segment_id)
