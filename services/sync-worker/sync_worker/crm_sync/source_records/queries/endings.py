"""What is gone there, and what becomes of it here."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.crm_sync.source_records.queries.place import at
from sync_worker.crm_sync.source_records.rules import Loss, State

_MARK_ABSENT = text(
    """
    update source_records set state = :state, reason = null
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and scan_id is distinct from :scan_id and state in ('synced', 'rejected', 'stale')
    returning parent_id
    """
)
_MARK_FOR_DELETION = text(
    """
    update source_records set state = :state
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state in ('synced', 'rejected', 'stale')
    returning parent_id
    """
)
_UNMARK = text(
    """
    update source_records set state = 'synced', merged_into = null
    where workspace_id = :workspace_id and connection_id = :connection_id
      and state = 'pending_deletion'
    """
)
_LOSSES = text(
    """
    select object,
           count(*) filter (where state = 'pending_deletion' and merged_into is null)
             as pending_deletion,
           count(*) as known
    from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id
      and state in ('synced', 'rejected', 'stale', 'pending_deletion')
      and object = any(:objects)
    group by object
    """
)
_PENDING_DELETION = text(
    """
    select external_id, merged_into from source_records
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and state = 'pending_deletion' and (merged_into is not null) = :merges
      and (retry_at is null or retry_at <= clock_timestamp())
    order by external_id limit :limit
    """
)
_END = text(
    """
    update source_records
    set state = case when merged_into is null then 'deleted' else 'merged' end, reason = null,
        updated_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state = 'pending_deletion'
    """
)
_POSTPONE = text(
    """
    update source_records
    set attempts = attempts + 1, reason = :reason,
        merged_into = case when attempts < 3 then merged_into end,
        retry_at = clock_timestamp() + make_interval(secs => :seconds)
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = :id and state = 'pending_deletion'
    """
)


async def mark_absent_for_deletion(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    scan_id: UUID,
    state: State,
) -> list[str]:
    """After a complete scan: what it did not meet is gone. Returns whom it belonged to."""
    where = at(workspace_id, connection_id, sobject)
    rows = await session.scalars(_MARK_ABSENT, {**where, "scan_id": scan_id, "state": state})
    return [parent for parent in rows if parent is not None]


async def mark_for_deletion(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
    state: State,
) -> list[str]:
    where = at(workspace_id, connection_id, sobject)
    rows = await session.scalars(_MARK_FOR_DELETION, {**where, "ids": list(ids), "state": state})
    return [parent for parent in rows if parent is not None]


async def unmark_for_deletion(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID
) -> None:
    await session.execute(_UNMARK, {"workspace_id": workspace_id, "connection_id": connection_id})


async def losses(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, objects: Sequence[str]
) -> dict[str, Loss]:
    where = {"workspace_id": workspace_id, "connection_id": connection_id}
    rows = await session.execute(_LOSSES, {**where, "objects": list(objects)})
    return {row.object: Loss(row.pending_deletion, row.known) for row in rows}


async def records_pending_deletion(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    limit: int,
    *,
    merges: bool,
) -> list[tuple[str, str | None]]:
    """Ids of deleted records, or of merged ones with what they were merged into."""
    where = at(workspace_id, connection_id, sobject)
    rows = await session.execute(_PENDING_DELETION, {**where, "limit": limit, "merges": merges})
    return [(row.external_id, row.merged_into) for row in rows]


_SEND_WHOLE = text(
    """
    update source_records set state = 'stale', hash = '', content = '{}'
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state in ('synced', 'stale')
    """
)


async def send_whole(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
) -> None:
    """Records that a merge has filled up here: what their system says of them counts."""
    where = at(workspace_id, connection_id, sobject)
    await session.execute(_SEND_WHOLE, {**where, "ids": list(ids)})


async def end_records(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    ids: Sequence[str],
) -> None:
    await session.execute(_END, {**at(workspace_id, connection_id, sobject), "ids": list(ids)})


async def postpone_end(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    sobject: str,
    external_id: str,
    reason: str,
    seconds: float,
) -> None:
    """Try to end it later. A merge whose winner cannot be found becomes a plain deletion."""
    await session.execute(
        _POSTPONE,
        {
            **at(workspace_id, connection_id, sobject),
            "id": external_id,
            "reason": reason,
            "seconds": seconds,
        },
    )
