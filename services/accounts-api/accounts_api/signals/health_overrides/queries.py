from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import bindparam, insert, select, text

from accounts_api.signals.health_overrides.models import health_overrides
from shared.data import WORKSPACE
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class StoredOverride:
    id: UUID
    score_id: UUID
    record_id: UUID
    label: str | None
    score: int | None
    reason: str
    valid_from: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    cause: list[dict[str, Any]]


_TABLE = health_overrides
_COLUMNS = tuple(_TABLE.c[field.name] for field in fields(StoredOverride))
_OF_RECORD = (
    select(*_COLUMNS)
    .where(
        _TABLE.c.workspace_id == WORKSPACE,
        _TABLE.c.score_id == bindparam("score_id"),
        _TABLE.c.record_id == bindparam("record_id"),
    )
    .order_by(_TABLE.c.valid_from.desc(), _TABLE.c.id.desc())
    .limit(50)
)


async def overrides_of(uow: UnitOfWork, score_id: UUID, record_id: UUID) -> list[StoredOverride]:
    """The latest of a record, the newest first: the one that holds, if one does."""
    return await uow.rows(StoredOverride, _OF_RECORD, score_id=score_id, record_id=record_id)


async def add_override(uow: UnitOfWork, values: dict[str, Any]) -> StoredOverride:
    added = insert(_TABLE).values(id=new_id(), **values).returning(*_COLUMNS)
    return await uow.one(StoredOverride, added)


_END = text(
    """
    update health_overrides o set ended_at = e.at, ended_by = e.by
    from jsonb_to_recordset(cast(:ended as jsonb)) as e(id uuid, at timestamptz, by text)
    where o.workspace_id = :workspace_id and o.id = e.id and o.ended_at is null
    """
)


async def end_overrides(uow: UnitOfWork, ended: Sequence[tuple[UUID, datetime, str]]) -> None:
    """(id, when, by what), those that hold still."""
    rows = [{"id": id_, "at": at, "by": by} for id_, at, by in ended]
    if rows:
        await uow.run(_END, ended=to_json(rows).decode())
