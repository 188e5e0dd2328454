"""What is gone there, and what becomes of it here."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork
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


@dataclass(frozen=True, slots=True)
class Marked:
    parent_id: str | None


async def mark_absent_for_deletion(
    uow: UnitOfWork, connection_id: UUID, sobject: str, scan_id: UUID, state: State
) -> list[str]:
    """After a complete scan: what it did not meet is gone. Returns whom it belonged to."""
    where = {"connection_id": connection_id, "object": sobject}
    rows = await uow.rows(Marked, _MARK_ABSENT, **where, scan_id=scan_id, state=state)
    return [row.parent_id for row in rows if row.parent_id is not None]


async def mark_for_deletion(
    uow: UnitOfWork, connection_id: UUID, sobject: str, ids: Sequence[str], state: State
) -> list[str]:
    """Returns whom they belonged to."""
    where = {"connection_id": connection_id, "object": sobject}
    rows = await uow.rows(Marked, _MARK_FOR_DELETION, **where, ids=list(ids), state=state)
    return [row.parent_id for row in rows if row.parent_id is not None]


async def unmark_for_deletion(uow: UnitOfWork, connection_id: UUID) -> None:
    await uow.run(_UNMARK, connection_id=connection_id)


@dataclass(frozen=True, slots=True)
class LossOfObject:
    object: str
    pending_deletion: int
    known: int


async def losses(uow: UnitOfWork, connection_id: UUID, objects: Sequence[str]) -> dict[str, Loss]:
    rows = await uow.rows(LossOfObject, _LOSSES, connection_id=connection_id, objects=list(objects))
    return {row.object: Loss(row.pending_deletion, row.known) for row in rows}


@dataclass(frozen=True, slots=True)
class PendingDeletion:
    external_id: str
    merged_into: str | None


async def records_pending_deletion(
    uow: UnitOfWork, connection_id: UUID, sobject: str, limit: int, *, merges: bool
) -> list[PendingDeletion]:
    """Deleted records, or merged ones with what they were merged into."""
    return await uow.rows(
        PendingDeletion,
        _PENDING_DELETION,
        connection_id=connection_id,
        object=sobject,
        limit=limit,
        merges=merges,
    )


_SEND_WHOLE = text(
    """
    update source_records set state = 'stale', hash = '', content = '{}'
    where workspace_id = :workspace_id and connection_id = :connection_id and object = :object
      and external_id = any(:ids) and state in ('synced', 'stale')
    """
)


async def send_whole(
    uow: UnitOfWork, connection_id: UUID, sobject: str, ids: Sequence[str]
) -> None:
    """Records that a merge has filled up here: what their system says of them counts."""
    await uow.run(_SEND_WHOLE, connection_id=connection_id, object=sobject, ids=list(ids))


async def end_records(
    uow: UnitOfWork, connection_id: UUID, sobject: str, ids: Sequence[str]
) -> None:
    await uow.run(_END, connection_id=connection_id, object=sobject, ids=list(ids))


async def postpone_end(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str,
    external_id: str,
    reason: str,
    seconds: float,
) -> None:
    """Try to end it later. A merge whose winner cannot be found becomes a plain deletion."""
    await uow.run(
        _POSTPONE,
        connection_id=connection_id,
        object=sobject,
        id=external_id,
        reason=reason,
        seconds=seconds,
    )
