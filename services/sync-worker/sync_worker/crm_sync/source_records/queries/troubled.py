"""Records that were rejected, and records that are here without some value."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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


async def rejected_page(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[Any]:
    where = _page(workspace_id, connection_id, sobject, after, limit)
    return (await session.execute(_REJECTED, where)).all()


async def warned_page(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[Any]:
    where = _page(workspace_id, connection_id, sobject, after, limit)
    return (await session.execute(_WARNED, where)).all()


def _page(
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str],
    limit: int,
) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "connection_id": connection_id,
        "object": sobject,
        "after_object": after[0],
        "after_id": after[1],
        "limit": limit + 1,
    }


async def count_troubled(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID
) -> tuple[int, int]:
    """How many records are rejected, and how many are here without some value."""
    where = {"workspace_id": workspace_id, "connection_id": connection_id}
    row = (await session.execute(_COUNT, where)).one()
    return row.rejected, row.warned


async def send_left_out_again(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str | None
) -> None:
    """Values that did not fit are tried once more by the next run."""
    await session.execute(
        _SEND_AGAIN,
        {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject},
    )


async def retry_rejected(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, sobject: str | None
) -> int:
    done = await session.execute(
        _FORGET_REJECTED,
        {"workspace_id": workspace_id, "connection_id": connection_id, "object": sobject},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts
