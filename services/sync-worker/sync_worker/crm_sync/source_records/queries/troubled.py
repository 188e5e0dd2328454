"""Records that were rejected, and records that are here without some value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork

_REJECTED = text(
    """
    select object, external_id, content ->> 'name' as name, reason, attempts, retry_at, updated_at
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (state = 'rejected' or state = 'pending_deletion' and reason is not null)
      and (cast(:object as text) is null or object = :object)
      and (object, external_id) > (:after_object, :after_id)
    order by object, external_id limit :limit
    """
)
_WARNED = text(
    """
    select object, external_id, content ->> 'name' as name, left_out, updated_at
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and left_out <> '[]' and state in ('synced', 'stale', 'rejected')
      and (cast(:object as text) is null or object = :object)
      and (object, external_id) > (:after_object, :after_id)
    order by object, external_id limit :limit
    """
)
_COUNT = text(
    """
    select count(*) filter (where state = 'rejected'
                                  or state = 'pending_deletion' and reason is not null) as rejected,
           count(*) filter (where left_out <> '[]' and state in ('synced', 'stale', 'rejected'))
             as warned
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (state in ('rejected', 'pending_deletion') or left_out <> '[]')
    """
)
_SEND_AGAIN = text(
    """
    update source_records r
    set state = 'stale', hash = '',
        content = r.content - (select array_agg(each ->> 'target')
                               from jsonb_array_elements(r.left_out) as each)
    where workspace_id = :workspace_id and connection_id = :connection_id
      and left_out <> '[]' and state = 'synced'
      and (cast(:object as text) is null or object = :object)
    """
)
_FORGET_REJECTED = text(
    """
    update source_records set retry_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id
      and state in ('rejected', 'pending_deletion')
      and (cast(:object as text) is null or object = :object)
    """
)


@dataclass(frozen=True, slots=True)
class Rejected:
    object: str
    external_id: str
    name: str | None
    reason: str | None
    attempts: int
    retry_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Warned:
    object: str
    external_id: str
    name: str | None
    left_out: list[dict[str, Any]]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Troubled:
    rejected: int
    warned: int
    """Records that are here without some value."""


async def rejected_page(
    uow: UnitOfWork, connection_id: UUID, sobject: str | None, after: tuple[str, str], limit: int
) -> Sequence[Rejected]:
    return await uow.rows(Rejected, _REJECTED, **_page(connection_id, sobject, after, limit))


async def warned_page(
    uow: UnitOfWork, connection_id: UUID, sobject: str | None, after: tuple[str, str], limit: int
) -> Sequence[Warned]:
    return await uow.rows(Warned, _WARNED, **_page(connection_id, sobject, after, limit))


def _page(
    connection_id: UUID, sobject: str | None, after: tuple[str, str], limit: int
) -> dict[str, object]:
    return {
        "connection_id": connection_id,
        "object": sobject,
        "after_object": after[0],
        "after_id": after[1],
        "limit": limit + 1,
    }


async def count_troubled(uow: UnitOfWork, connection_id: UUID) -> Troubled:
    return await uow.one(Troubled, _COUNT, connection_id=connection_id)


async def send_left_out_again(uow: UnitOfWork, connection_id: UUID, sobject: str | None) -> None:
    """Values that did not fit are tried once more by the next run."""
    await uow.run(_SEND_AGAIN, connection_id=connection_id, object=sobject)


async def retry_rejected(uow: UnitOfWork, connection_id: UUID, sobject: str | None) -> int:
    return await uow.run(_FORGET_REJECTED, connection_id=connection_id, object=sobject)
