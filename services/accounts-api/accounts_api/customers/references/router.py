from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from accounts_api.customers.references import service
from accounts_api.customers.references.schemas import ReferencesIn
from shared.routers.internal import Acting
from shared.routers.usages import peer_transaction

internal = APIRouter(include_in_schema=False)


@internal.post("/internal/references")
async def known_references(data: ReferencesIn, request: Request, caller: Acting) -> dict[str, Any]:
    """What there is of what is asked. Record types are told even if none of their records is."""
    async with peer_transaction(request, caller) as uow:
        return await service.known(uow, data)
