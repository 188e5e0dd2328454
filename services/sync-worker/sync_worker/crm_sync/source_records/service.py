"""What was last said of each record of theirs. Statements are for those who let records have their
effect; the rest is what people see of rejected records.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.crm_sync.source_records import queries
from sync_worker.crm_sync.source_records.queries import (
    Kept,
    Rejected,
    Warned,
    associations_of,
    end_records,
    keep_records,
    known_records,
    losses,
    make_stale,
    mark_absent_for_deletion,
    mark_for_deletion,
    mark_seen,
    members_by_user,
    postpone_end,
    records_pending_deletion,
    records_to_read_again,
    send_whole,
    unmark_for_deletion,
)
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.service import SyncRun

__all__ = [
    "Kept",
    "associations_of",
    "end_records",
    "keep_records",
    "known_records",
    "losses",
    "make_stale",
    "mark_absent_for_deletion",
    "mark_for_deletion",
    "mark_seen",
    "members_by_user",
    "postpone_end",
    "records_pending_deletion",
    "records_to_read_again",
    "send_whole",
    "unmark_for_deletion",
]


async def list_rejected(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Rejected]:
    await connections.get_connection(uow, connection_id)
    return await queries.rejected_page(uow, connection_id, sobject, after or ("", ""), limit)


async def list_warned(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Warned]:
    await connections.get_connection(uow, connection_id)
    return await queries.warned_page(uow, connection_id, sobject, after or ("", ""), limit)


async def count_troubled(uow: UnitOfWork, connection_id: UUID) -> None:
    """Let the connection show what its records lack."""
    troubled = await queries.count_troubled(uow, connection_id)
    await connections.count_troubled(
        uow, connection_id, rejected=troubled.rejected, warned=troubled.warned
    )


async def retry_rejected(uow: UnitOfWork, connection_id: UUID, sobject: str | None) -> SyncRun:
    """Try what was rejected, and values that did not fit, again by a run that starts now."""
    await connections.get_connection(uow, connection_id)
    of = uow, connection_id, sobject
    await queries.retry_rejected(*of)
    await queries.send_left_out_again(*of)
    return await runs.request_run(uow, connection_id, "incremental")
