from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.runner.runs.models import SyncRun


async def run_by_id(
    session: AsyncSession, workspace_id: UUID, run_id: UUID, *, lock: bool = False
) -> SyncRun | None:
    found = select(SyncRun).where(SyncRun.workspace_id == workspace_id, SyncRun.id == run_id)
    if lock:
        found = found.with_for_update()
    return (await session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def run_in_state(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, status: str
) -> SyncRun | None:
    """The one run of a connection that is `queued`, `running` or `held`."""
    found = select(SyncRun).where(
        SyncRun.workspace_id == workspace_id,
        SyncRun.connection_id == connection_id,
        SyncRun.status == status,
    )
    return (await session.scalars(found.with_for_update())).one_or_none()


async def runs_page(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[SyncRun]:
    found = select(SyncRun).where(SyncRun.workspace_id == workspace_id)
    if connection_id is not None:
        found = found.where(SyncRun.connection_id == connection_id)
    if status is not None:
        found = found.where(SyncRun.status == status)
    if before is not None:
        found = found.where(SyncRun.id < before)
    return (await session.scalars(found.order_by(SyncRun.id.desc()).limit(limit + 1))).all()


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
    session: AsyncSession,
    workspace_id: UUID,
    run_id: UUID,
    sobject: str,
    progress: Mapping[str, Any],
    more: Mapping[str, int],
    requests: int,
) -> None:
    """Add `more` to the run's totals and show `progress` of one object."""
    await session.execute(
        _ADVANCE,
        {
            "workspace_id": workspace_id,
            "id": run_id,
            "object": sobject,
            "progress": to_json(progress).decode(),
            "requests": requests,
            **more,
        },
    )


_OPEN = text(
    """
    select count(*) from sync_runs
    where workspace_id = :workspace_id and status in ('queued', 'running')
    """
)


async def open_runs(session: AsyncSession, workspace_id: UUID) -> int:
    return int((await session.execute(_OPEN, {"workspace_id": workspace_id})).scalar_one())


_FORGET = text(
    """
    delete from sync_runs where ctid in (
        select ctid from sync_runs
        where finished_at < clock_timestamp() - interval '1 day'
          and (finished_at < clock_timestamp() - interval '90 days'
               or status = 'succeeded' and read = unchanged and deleted = 0)
        limit 1000)
    """
)


async def forget_old_runs(session: AsyncSession) -> bool:
    """Of all workspaces: runs that changed nothing after a day, all after ninety."""
    done = await session.execute(_FORGET)
    return bool(done.rowcount == 1000)  # type: ignore[attr-defined]  # noqa: PLR2004
