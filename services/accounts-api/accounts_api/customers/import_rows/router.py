from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from accounts_api.customers.import_rows import preview, rejected_rows_csv, service
from accounts_api.customers.import_rows.schemas import ImportPreview, ImportRowOut, ImportRowStatus
from accounts_api.customers.imports.service import get_import
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.web.csv import CsvResponse
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require

router = api_router("/v1/imports", "Imports")

Reader = Annotated[Caller, require("records:read")]
ImportId = Annotated[UUID, Path(alias="id", description="The id of the import.")]


@router.get(
    "/{id}/preview",
    responses=refuses(409),
    summary="Preview an import",
    response_model=ImportPreview,
)
async def preview_import(import_id: ImportId, caller: Reader, tenure: ServiceDep) -> Any:
    """Returns counts of the first 2,000 rows, what is wrong with them by column, the segments that
    their records would come into, and samples; nothing is stored.
    """
    return await preview.preview(tenure, caller, import_id)


@router.get(
    "/{import_id}/rows",
    summary="List rows of an import",
    response_model=Page[ImportRowOut],
)
async def list_import_rows(
    import_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    status: Annotated[
        ImportRowStatus | None, Query(description="Only rows that became this.")
    ] = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Any:
    """Lists the rows that created or changed a record or were rejected, by their number. Rows that
    changed nothing are counted and not listed.
    """
    return await service.list_rows(uow, tenure.cursors, import_id, status, cursor, limit)


@router.get(
    "/{id}/rejected-rows.csv",
    summary="Export rejected rows of an import as CSV",
    response_class=CsvResponse,
    responses=CsvResponse.openapi(
        "External ID,ARR,import_row,import_errors\r\ncrm-1017,a lot,17,ARR: Minor units …\r\n"
    )
    | refuses(409),
)
async def export_rejected_rows(
    import_id: ImportId, caller: Reader, uow: Uow, tenure: ServiceDep
) -> Any:
    """Returns the rejected rows as they came, and why. Mend them and import this file."""
    job = await get_import(uow, import_id)
    service.kept(job)
    rows = rejected_rows_csv.stream(tenure.units, caller, job)
    return CsvResponse(rows, filename="rejected-rows.csv")
