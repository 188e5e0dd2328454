from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from accounts_api.customers.references import service
from accounts_api.customers.references.schemas import ReferencesIn
from shared.routers.internal import Acting
from shared.routers.usages import peers_unit

internal = APIRouter(include_in_schema=False)


@internal.post("/internal/references")
async def known_references(data: ReferencesIn, request: Request, caller: Acting) -> dict[str, Any]:
    """What there is of what is asked. Record types are told even if none of their records is."""
    async with peers_unit(request, caller) as uow:
        return await service.known(uow, data)
