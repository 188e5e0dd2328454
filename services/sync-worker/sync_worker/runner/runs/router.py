from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.quiet import Automation
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.runner.runs import service
from sync_worker.runner.runs.rows import SyncRun, SyncRunKind, SyncRunStatus
from sync_worker.runner.runs.schemas import SyncRunOut

router = api_router("/v1", "Sync runs")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]


@router.post(
    "/connections/{id}/sync",
    status_code=202,
    summary="Sync a connection",
    response_model=SyncRunOut,
)
async def sync_connection(
    id: UUID,  # noqa: A002
    caller: Writer,
    uow: Uow,
    kind: Annotated[
        SyncRunKind, Query(description="`full` reads every record again and finds what is gone.")
    ] = "incremental",
    automation: Annotated[
        Automation,
        Query(description="`quiet`: what it brings starts nothing, see `GET /v1/quiet-batches`."),
    ] = "run",
) -> SyncRun:
    """Reads from a connection now. It answers with the run that will do it; follow it at `GET
    /v1/sync-runs/{id}`.
    """
    return await service.request_run(uow, id, kind, automation)


@router.get("/sync-runs", summary="List sync runs", response_model=Page[SyncRunOut])
async def list_sync_runs(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    connection_id: Annotated[
        UUID | None, Query(description="Only runs of this connection.")
    ] = None,
    status: Annotated[SyncRunStatus | None, Query(description="Only runs of this status.")] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Runs of every connection, newest first. Runs that found nothing new are forgotten after a
    day.
    """
    shape = ["sync_runs", str(connection_id), status]
    before = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_runs(
        uow, connection_id, status, UUID(before[0]) if before else None, limit
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.get("/sync-runs/{id}", summary="Get a sync run", response_model=SyncRunOut)
async def get_sync_run(id: UUID, caller: Reader, uow: Uow) -> SyncRun:  # noqa: A002
    """One run with its counts, which move while it runs."""
    return await service.get_run(uow, id)
