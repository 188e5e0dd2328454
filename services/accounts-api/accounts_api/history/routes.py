"""The history of a record, the same route for every kind of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.history import service
from accounts_api.history.schemas import FieldChangeOut
from accounts_api.records.kinds import Kind
from accounts_api.records.routes import KindOf, always
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.web.routing import TheService, Uow, require

Reader = Annotated[Caller, require("records:read")]


def add_history(router: APIRouter, kind: Kind, kind_of: KindOf | None = None) -> None:
    which = kind_of or always(kind)

    async def history(
        record_id: UUID,
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: TheService,
        field: Annotated[str | None, Query(max_length=100, description="Only this field.")] = None,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> Response:
        body = await service.history_page(
            uow,
            await which(uow, request),
            record_id,
            tenure.cursors,
            field=field,
            cursor=cursor,
            limit=limit,
        )
        return Response(body, media_type="application/json")

    router.add_api_route(
        "/{record_id}/history",
        history,
        methods=["GET"],
        name=f"list_{kind.noun}_history",
        summary=f"What changed about one {kind.noun}, and why",
        response_model=Page[FieldChangeOut],
    )
