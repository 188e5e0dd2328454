from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path
from starlette.requests import ClientDisconnect, Request

from accounts_api.customers.imports import service
from accounts_api.customers.imports.schemas import ImportDetail, ImportIn, ImportOut, ImportPatch
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require
from shared.web.versions import IfMatch

router = api_router("/v1/imports", "Imports")

Reader = Annotated[Caller, require("records:read")]
Writer = Annotated[Caller, require("records:write")]
ImportId = Annotated[UUID, Path(alias="id", description="The id of the import.")]

FILE_PATH: Final = "/v1/imports/{id}/file"
LARGEST_FILE: Final = 64 * 1024 * 1024
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "UTF-8, up to 64 MiB; the first row names the columns.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "External ID,Company,ARR\r\ncrm-1001,Acme,4800000\r\n",
            },
            # The same bytes, for generated clients that know no body of text/csv.
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("", summary="List imports", response_model=Page[ImportOut])
async def list_imports(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> Any:
    """Lists imports, newest first."""
    return await service.list_imports(uow, tenure.cursors, cursor, limit)


@router.post("", status_code=201, summary="Create an import", response_model=ImportOut)
async def create_import(data: ImportIn, caller: Writer, uow: Uow) -> Any:
    """Creates an import, with a small file in `csv` or without one: then send it to
    `/v1/imports/{id}/file`. Nothing is written to records before the import is started.
    """
    made = await service.create_import(uow, caller, data)
    return _shown(made)


@router.get("/{id}", summary="Get an import", response_model=ImportDetail)
async def get_import(import_id: ImportId, caller: Reader, uow: Uow) -> Any:
    """Returns how far the import has come, and what its columns can be mapped to."""
    return _shown(await service.show_import(uow, import_id))


@router.put(
    "/{id}/file",
    summary="Upload the file of an import",
    response_model=ImportOut,
    openapi_extra=_FILE,
    responses=refuses(409),
)
async def upload_import_file(
    import_id: ImportId, request: Request, caller: Writer, tenure: ServiceDep
) -> Any:
    """Stores the file, in place of the one before, and maps its columns by their names. It is
    refused once the import is started.
    """
    taken = await service.take_file(tenure.units, caller, import_id, _pieces(request))
    return _shown(taken)


@router.patch("/{id}", summary="Update an import", response_model=ImportOut)
async def update_import(
    import_id: ImportId,
    data: ImportPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> Any:
    """Changes what is sent; columns that are left out stay mapped as they are. It is refused once
    the import is started.
    """
    return _shown(await service.change_import(uow, import_id, version, data))


@router.post(
    "/{id}/start",
    status_code=202,
    summary="Start an import",
    response_model=ImportOut,
)
async def start_import(import_id: ImportId, version: IfMatch, caller: Writer, uow: Uow) -> Any:
    """Starts to write the rows in the background, 500 in a transaction. The same file again changes
    nothing.
    """
    return _shown(await service.start_import(uow, caller, import_id, version))


@router.post("/{id}/cancel", summary="Cancel an import", response_model=ImportOut)
async def cancel_import(import_id: ImportId, caller: Writer, uow: Uow) -> Any:
    """Ends the import. Rows that are written stay, and no more are."""
    return _shown(await service.cancel_import(uow, import_id))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect as error:
        raise ConnectionResetError from error


def _shown(job: dict[str, Any]) -> dict[str, Any]:
    return job
