from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request

from accounts_api.references import service
from accounts_api.references.service import Asked
from shared.web.internal import Acting
from shared.web.where_used import peers_unit

internal = APIRouter(include_in_schema=False)


@internal.get("/internal/references")
async def known_references(
    request: Request,
    caller: Acting,
    record: Annotated[list[str], Query()] = [],  # noqa: B006  (FastAPI copies it)
    member: Annotated[list[UUID], Query()] = [],  # noqa: B006
    key_role: Annotated[list[str], Query()] = [],  # noqa: B006
    segment: Annotated[list[UUID], Query()] = [],  # noqa: B006
) -> dict[str, Any]:
    """`record` is `<record type>:<id>`. The answer has what there is, under a type that there is
    even if none of its records is.
    """
    pairs = [(type_, UUID(id_)) for type_, _, id_ in (said.partition(":") for said in record)]
    async with peers_unit(request, caller) as uow:
        return await service.known(uow, Asked(pairs, member, key_role, segment))
