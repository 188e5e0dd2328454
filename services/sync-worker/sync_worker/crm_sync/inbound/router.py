from typing import Annotated
from uuid import UUID

from shared.auth import Caller
from shared.web.routing import Uow, api_router, require
from sync_worker.crm_sync.inbound import service
from sync_worker.runner.runs.schemas import SyncRunOut
from sync_worker.runner.runs.service import SyncRun

router = api_router("/v1", "Sync runs")

Writer = Annotated[Caller, require("connections:write")]


@router.post(
    "/sync-runs/{id}/approve",
    status_code=202,
    summary="Approve a sync run",
    response_model=SyncRunOut,
)
async def approve_sync_run(id: UUID, caller: Writer, uow: Uow) -> SyncRun:  # noqa: A002
    """Lets a held run delete. A run is held when it would delete more than a tenth of the records
    of an object, or more than 500. Nothing has been deleted yet; merges and changes have been
    carried out.
    """
    return await service.approve(uow, id)


@router.post("/sync-runs/{id}/reject", summary="Reject a sync run", response_model=SyncRunOut)
async def reject_sync_run(id: UUID, caller: Writer, uow: Uow) -> SyncRun:  # noqa: A002
    """Keeps what a held run would delete: the records stay here. The next full run asks again if
    they are still gone there.
    """
    return await service.reject(uow, id)
