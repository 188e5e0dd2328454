from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from accounts_api.customers.imports import executor, rejected_rows_csv, service
from accounts_api.customers.imports.schemas import (
    ImportDetail,
    ImportIn,
    ImportOut,
    ImportPatch,
    ImportPreview,
    ImportRowOut,
    RowStatus,
)
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.web.csv import CsvResponse
from shared.web.routing import IfMatch, ServiceDep, Uow, api_router, etag, require

router = api_router("/v1/imports", "Imports")

Reader = Annotated[Caller, require("records:read")]
Writer = Annotated[Caller, require("records:write")]

FILE_PATH: Final = "/v1/imports/{import_id}/file"
LARGEST_FILE: Final = 64 * 1024 * 1024
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "UTF-8, up to 64 MiB; the first row names the columns.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "External ID,Company,ARR\r\ncrm-1001,Acme,4800000\r\n",
            }
        },
    }
}


@router.get("", summary="List imports", response_model=Page[ImportOut])
async def list_imports(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> Any:
    """Newest first."""
    return await service.list_imports(uow, tenure.cursors, cursor, limit)


@router.post("", status_code=201, summary="Begin an import", response_model=ImportOut)
async def create_import(data: ImportIn, caller: Writer, uow: Uow, response: Response) -> Any:
    """With a small file in `csv`, or without: then send it. Nothing is written to records before it
    is started.
    """
    made = await service.create_import(uow, data)
    response.headers["location"] = f"/v1/imports/{made['id']}"
    return _tagged(made, response)


@router.get("/{import_id}", summary="Get one import", response_model=ImportDetail)
async def get_import(import_id: UUID, caller: Reader, uow: Uow, response: Response) -> Any:
    """How far it has come, and what its columns can be mapped to."""
    return _tagged(await service.show_import(uow, import_id), response)


@router.put(
    "/{import_id}/file",
    summary="Send an import's file",
    response_model=ImportOut,
    openapi_extra=_FILE,
)
async def put_import_file(
    import_id: UUID, request: Request, caller: Writer, tenure: ServiceDep, response: Response
) -> Any:
    """Takes the place of the file before. Columns are mapped by their names."""
    taken = await service.take_file(tenure.units, caller, import_id, _pieces(request))
    return _tagged(taken, response)


@router.patch("/{import_id}", summary="Change an import's mapping", response_model=ImportOut)
async def update_import(
    import_id: UUID,
    data: ImportPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
    response: Response,
) -> Any:
    """Columns that are left out stay mapped as they are."""
    return _tagged(await service.change_import(uow, import_id, version, data), response)


@router.get(
    "/{import_id}/preview",
    summary="See what an import would do",
    response_model=ImportPreview,
)
async def preview_import(import_id: UUID, caller: Reader, uow: Uow) -> Any:
    """Counts of the first 2,000 rows, what is wrong with them by column, and samples."""
    return await executor.preview(uow, caller, import_id)


@router.post(
    "/{import_id}/start",
    status_code=202,
    summary="Start an import",
    response_model=ImportOut,
)
async def start_import(
    import_id: UUID, version: IfMatch, caller: Writer, uow: Uow, response: Response
) -> Any:
    """Rows are written in the background, 500 in a transaction. The same file again changes
    nothing.
    """
    return _tagged(await service.start_import(uow, caller, import_id, version), response)


@router.post("/{import_id}/cancel", summary="Cancel an import", response_model=ImportOut)
async def cancel_import(import_id: UUID, caller: Writer, uow: Uow, response: Response) -> Any:
    """Rows that are written stay; no more are."""
    return _tagged(await service.cancel_import(uow, import_id), response)


@router.get(
    "/{import_id}/rows",
    summary="List what became of an import's rows",
    response_model=Page[ImportRowOut],
)
async def list_import_rows(
    import_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    status: Annotated[RowStatus | None, Query(description="Only these.")] = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Any:
    """Rows that changed nothing are counted and not listed."""
    return await service.list_rows(uow, tenure.cursors, import_id, status, cursor, limit)


@router.get(
    "/{import_id}/rejected-rows.csv",
    summary="Export the rejected rows of an import as CSV",
    response_class=CsvResponse,
    responses=CsvResponse.openapi(
        "External ID,ARR,import_row,import_errors\r\ncrm-1017,a lot,17,ARR: Minor units …\r\n"
    ),
)
async def export_rejected_rows(
    import_id: UUID, caller: Reader, uow: Uow, tenure: ServiceDep
) -> Any:
    """The rows as they came, and why. Mend them and import this file."""
    job = await service.get_import(uow, import_id)
    service.kept(job)
    rows = rejected_rows_csv.stream(tenure.units, caller, job)
    return CsvResponse(rows, filename="rejected-rows.csv")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect as error:
        raise ConnectionResetError from error


def _tagged(job: dict[str, Any], response: Response) -> dict[str, Any]:
    response.headers["etag"] = etag(job["version"])
    return job
