"""Asked by the accounts service before somebody hands over."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request

from sequencer.usages import service
from shared.auth import Caller
from shared.routers.internal import on_behalf
from shared.routers.usages import peer_transaction

router = APIRouter(include_in_schema=False)


@router.get("/internal/members/{member_id}/load")
async def member_load(
    member_id: UUID,
    request: Request,
    caller: Annotated[Caller, on_behalf("members:read")],
    successor: Annotated[list[UUID] | None, Query(max_length=500)] = None,
) -> dict[str, Any]:
    async with peer_transaction(request, caller) as uow:
        return await service.load_of(uow, member_id, successor or ())
