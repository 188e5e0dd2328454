"""The routes that tell what changed about a record."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.record_routes.parameters import Reader
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_routes.responses import JSON
from accounts_api.records.history import service
from accounts_api.records.history.schemas import FieldChangeDetail
from shared.history.schemas import (
    FieldChangeOut,
    FieldParam,
    KnownUntilParam,
    SinceParam,
    UntilParam,
)
from shared.paging import CursorParam, Limit, Page
from shared.web.routing import ServiceDep, Uow

ParentId = Annotated[UUID, Path(description="The id of the record that changed.")]
ChangeId = Annotated[UUID, Path(alias="id", description="The id of the change.")]


def add_history(router: APIRouter, record_type: RecordType) -> None:
    name = record_type.name

    @router.get(
        "/{record_id}/history",
        name=f"list_{name}_history",
        summary=f"List changes of {record_type.one}",
        response_model=Page[FieldChangeOut],
    )
    async def list_history(
        record_id: ParentId,
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
        field: FieldParam = None,
        since: SinceParam = None,
        until: UntilParam = None,
        known_until: KnownUntilParam = None,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> Response:
        """Lists the changes of the record, newest first, each with when it became true, when Tenure
        learned of it, and why. A deleted record has its history, too.
        """
        body = await service.history_page(
            uow,
            await record_type.schema_to_read(uow, request.path_params),
            record_id,
            tenure.cursors,
            wanted=service.Wanted(field, since, until, known_until),
            cursor=cursor,
            limit=limit,
        )
        return Response(body, media_type=JSON)

    @router.get(
        "/{record_id}/history/{id}",
        name=f"get_{name}_change",
        summary=f"Get a change of {record_type.one}",
        description="Returns one change with the whole chain of causes, from the origin to the"
        " immediate actor, and what else was written with it.",
        response_model=FieldChangeDetail,
    )
    async def get_change(
        record_id: ParentId, change_id: ChangeId, request: Request, caller: Reader, uow: Uow
    ) -> Response:
        schema = await record_type.schema_to_read(uow, request.path_params)
        body = await service.one_change(uow, schema, record_id, change_id)
        return Response(body, media_type=JSON)
