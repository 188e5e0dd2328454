"""What was last said of each record of theirs. Statements are for those who let records have their
effect; the rest is what people see of records that were set aside.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.crm_sync.source_records import queries
from sync_worker.crm_sync.source_records.queries import (
    Kept,
    associations_of,
    doom,
    doom_absent,
    doomed_records,
    end_records,
    keep_records,
    known_records,
    losses,
    make_stale,
    mark_seen,
    members_by_user,
    postpone_end,
    records_to_read_again,
    send_whole,
    spare_doomed,
)
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.service import SyncRun

__all__ = [
    "Kept",
    "associations_of",
    "doom",
    "doom_absent",
    "doomed_records",
    "end_records",
    "keep_records",
    "known_records",
    "losses",
    "make_stale",
    "mark_seen",
    "members_by_user",
    "postpone_end",
    "records_to_read_again",
    "send_whole",
    "spare_doomed",
]


async def list_parked(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Any]:
    await connections.get_connection(uow, connection_id)
    return await queries.parked_page(
        uow.session, uow.workspace_id, connection_id, sobject, after or ("", ""), limit
    )


async def list_warned(
    uow: UnitOfWork,
    connection_id: UUID,
    sobject: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Any]:
    await connections.get_connection(uow, connection_id)
    return await queries.warned_page(
        uow.session, uow.workspace_id, connection_id, sobject, after or ("", ""), limit
    )


async def count_troubled(uow: UnitOfWork, connection_id: UUID) -> None:
    """Let the connection show what its records lack."""
    parked, warned = await queries.count_troubled(uow.session, uow.workspace_id, connection_id)
    await connections.count_troubled(uow, connection_id, parked=parked, warned=warned)


async def retry_parked(uow: UnitOfWork, connection_id: UUID, sobject: str | None) -> SyncRun:
    """Try what was set aside, and values that did not fit, again by a run that starts now."""
    await connections.get_connection(uow, connection_id)
    of = uow.session, uow.workspace_id, connection_id, sobject
    await queries.retry_parked(*of)
    await queries.send_left_out_again(*of)
    return await runs.request_run(uow, connection_id, "incremental")
