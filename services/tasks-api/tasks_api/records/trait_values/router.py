"""What accounts-api, which has the definitions, asks of the values."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from shared.auth import Caller
from shared.routers.internal import on_behalf
from shared.routers.usages import peer_transaction
from shared.schemas import In
from shared.traits.definitions import read_definition
from tasks_api.records.trait_values import service
from tasks_api.records.trait_values.service import Kinds

Reader = Annotated[Caller, on_behalf("traits:read")]
RecordType = Literal["task", "note"]


class DefinitionIn(In):
    """A definition that values are tried against."""

    record_type: RecordType
    definition: dict[str, Any]


def trait_values_router(kinds: Kinds) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/internal/trait-values")
    async def count_values(
        request: Request,
        caller: Reader,
        record_type: RecordType,
        key: Annotated[str, Query(max_length=200)],
    ) -> dict[str, int]:
        async with peer_transaction(request, caller) as uow:
            return {"records": await service.count_values(uow, kinds[record_type], key)}

    @router.post("/internal/trait-values/preview")
    async def preview(request: Request, caller: Reader, data: DefinitionIn) -> dict[str, Any]:
        async with peer_transaction(request, caller) as uow:
            to = read_definition(data.definition)
            return await service.preview(uow, kinds[data.record_type], to)

    return router
