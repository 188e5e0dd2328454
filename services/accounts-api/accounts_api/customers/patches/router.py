from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request

from accounts_api.customers.patches import service
from accounts_api.customers.patches.schemas import PatchesIn
from shared.auth import Caller
from shared.routers.internal import on_behalf
from shared.web.routing import service_of

router = APIRouter(include_in_schema=False)


@router.post("/internal/records/patch")
async def patch_records(
    data: PatchesIn, request: Request, caller: Annotated[Caller, on_behalf("records:write")]
) -> dict[str, Any]:
    """Asked by the tasks service for the author of a note that writes fields of records."""
    async with service_of(request).units.begin(caller.workspace_id, caller.cause) as uow:
        return {"versions": await service.apply(uow, caller, data.patches)}
