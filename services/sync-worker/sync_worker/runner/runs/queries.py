from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import bindparam, insert, select, text, update

from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork
from sync_worker.runner.runs.models import sync_runs
from sync_worker.runner.runs.rows import NewRun, OpenStatus, RunChanges, SyncRun

_OF_WORKSPACE = select(sync_runs).where(sync_runs.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(sync_runs.c.id == bindparam("run_id"))


async def run_by_id(uow: UnitOfWork, run_id: UUID, *, lock: bool = False) -> SyncRun | None:
    return await uow.row(SyncRun, _BY_ID.with_for_update() if lock else _BY_ID, run_id=run_id)


_IN_STATE = _OF_WORKSPACE.where(
    sync_runs.c.connection_id == bindparam("connection_id"),
    sync_runs.c.status == bindparam("status"),
).with_for_update()


async def run_in_state(uow: UnitOfWork, connection_id: UUID, status: OpenStatus) -> SyncRun | None:
    """Locked."""
    return await uow.row(SyncRun, _IN_STATE, connection_id=connection_id, status=status)


async def runs_page(
    uow: UnitOfWork,
    connection_id: UUID | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[SyncRun]:
    statement = _OF_WORKSPACE
    if connection_id is not None:
        statement = statement.where(sync_runs.c.connection_id == connection_id)
    if status is not None:
        statement = statement.where(sync_runs.c.status == status)
    if before is not None:
        statement = statement.where(sync_runs.c.id < before)
    page = statement.order_by(sync_runs.c.id.desc()).limit(limit + 1)
    return await uow.rows(SyncRun, page)


async def insert_run(uow: UnitOfWork, new: NewRun) -> SyncRun:
    return await uow.one(SyncRun, insert(sync_runs).values(**new).returning(sync_runs))


async def change_run(uow: UnitOfWork, run_id: UUID, changes: RunChanges) -> SyncRun:
    changed = (
        update(sync_runs)
        .where(sync_runs.c.workspace_id == uow.workspace_id, sync_runs.c.id == run_id)
        .values(**changes)
        .returning(sync_runs)
    )
    return await uow.one(SyncRun, changed)


_DELETE = text("delete from sync_runs where workspace_id = :workspace_id and id = :id")


async def delete_run(uow: UnitOfWork, run_id: UUID) -> None:
    await uow.run(_DELETE, id=run_id)


_ADVANCE = text(
    """
    update sync_runs
    set read = read + :read, written = written + :written, unchanged = unchanged + :unchanged,
        rejected = rejected + :rejected, warned = warned + :warned, deleted = deleted + :deleted,
        requests = :requests,
        objects = jsonb_set(objects, array[cast(:object as text)], cast(:progress as jsonb))
    where workspace_id = :workspace_id and id = :id and status = 'running'
    """
)


async def advance(
    uow: UnitOfWork,
    run_id: UUID,
    sobject: str,
    progress: Mapping[str, Any],
    more: Mapping[str, int],
    requests: int,
) -> None:
    """Add `more` to the run's totals and show `progress` of one object."""
    await uow.run(
        _ADVANCE,
        id=run_id,
        object=sobject,
        progress=to_json(progress).decode(),
        requests=requests,
        **more,
    )


_OPEN = text(
    """
    select count(*) from sync_runs
    where workspace_id = :workspace_id and status in ('queued', 'running')
    """
)


async def open_runs(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _OPEN)


_FORGOTTEN_AT_ONCE = 1_000
_FORGET = text(
    """
    delete from sync_runs where ctid in (
        select ctid from sync_runs
        where finished_at < clock_timestamp() - interval '1 day'
          and (finished_at < clock_timestamp() - interval '90 days'
               or status = 'succeeded' and read = unchanged and deleted = 0)
        limit :limit)
    """
)


async def forget_old_runs(scope: Transaction) -> bool:
    """Of all workspaces: runs that changed nothing after a day, all after ninety. True while there
    are more.
    """
    return await scope.run(_FORGET, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE
