from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts_api.workplace.api_schema import service
from accounts_api.workplace.api_schema.overlay import overlay_of
from accounts_api.workplace.api_schema.schemas import ApiSchemaVersionOut, OverlayOut
from shared.auth import Caller
from shared.openapi.document import digest_of_document
from shared.paging import CursorParam, Limit, Page
from shared.schemas import Instant
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/openapi", "Workspace")

Reader = Annotated[Caller, require("records:read")]


@router.get(
    "/overlay",
    summary="Get what this workspace changes in the API",
    response_model=OverlayOut,
    responses={304: {}},
)
async def get_openapi_overlay(request: Request, caller: Reader, uow: Uow) -> Response:
    """Typed traits of every record type, and operations and schemas of the workspace's own object
    types. `/v1/openapi.json` is `/openapi.json` with this applied.
    """
    shape = await service.current_shape(uow)
    digest = service.digest_of(uow, shape, digest_of_document(request.app))
    tag = {"etag": f'"{digest}"'}
    if tag["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=tag)
    return JSONResponse(overlay_of(shape, request.app.openapi(), digest), headers=tag)


@router.get(
    "/changes",
    summary="List changes of this workspace's API",
    response_model=Page[ApiSchemaVersionOut],
)
async def list_openapi_changes(
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
    since: Annotated[
        Instant | None, Query(description="Only versions of this instant or later.")
    ] = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Oldest first: what traits and object types that were made, changed or removed mean to a
    client that was generated before. The event `api_schema.changed` tells of each.
    """
    return await service.list_changes(uow, running.cursors, since, cursor, limit)
