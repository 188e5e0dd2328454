from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.crm_sync.source_records import service
from sync_worker.crm_sync.source_records.schemas import RejectedRecordOut, WarnedRecordOut
from sync_worker.crm_sync.translation.document import SourceName
from sync_worker.runner.runs.schemas import SyncRunOut
from sync_worker.runner.runs.service import SyncRun

router = api_router("/v1", "Sync runs")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]


@router.get(
    "/connections/{id}/rejected-records",
    summary="List rejected records",
    response_model=Page[RejectedRecordOut],
)
async def list_rejected_records(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    object: Annotated[  # noqa: A002
        SourceName | None, Query(description="Only records of this object of the other system.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Records of the other system that could not be taken over, each with the reason. They are
    tried again by themselves, at longer and longer intervals, and when they change there.
    """
    shape = ["rejected", str(id), object]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_rejected(
        uow, id, object, (after[0], after[1]) if after else None, limit
    )
    return page_of(
        rows, limit, the_service.cursors, caller.workspace_id, shape, ["object", "external_id"]
    )


@router.get(
    "/connections/{id}/warned-records",
    summary="List warned records",
    response_model=Page[WarnedRecordOut],
)
async def list_warned_records(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    object: Annotated[  # noqa: A002
        SourceName | None, Query(description="Only records of this object of the other system.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Records that were taken over without a value that does not fit: which field, what stands in
    it, and why. Such a value is tried again when it changes there.
    """
    shape = ["warned", str(id), object]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_warned(
        uow, id, object, (after[0], after[1]) if after else None, limit
    )
    return page_of(
        rows, limit, the_service.cursors, caller.workspace_id, shape, ["object", "external_id"]
    )


@router.post(
    "/connections/{id}/rejected-records/retry",
    status_code=202,
    summary="Retry rejected records",
    response_model=SyncRunOut,
)
async def retry_rejected_records(
    id: UUID,  # noqa: A002
    caller: Writer,
    uow: Uow,
    object: Annotated[  # noqa: A002
        SourceName | None, Query(description="Only records of this object of the other system.")
    ] = None,
) -> SyncRun:
    """Tries records and values that did not fit again, after the cause is mended, such as a trait
    that was missing.
    """
    return await service.retry_rejected(uow, id, object)
