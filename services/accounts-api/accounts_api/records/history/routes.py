"""The history of a record, the same route for every record type."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.records.history import service
from accounts_api.records.history.schemas import (
    FieldChangeDetail,
    FieldChangeOut,
    PlanRolesChangeOut,
)
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.routes import SchemaOf, always
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.schemas import Instant
from shared.web.routing import ServiceDep, Uow, api_router, require

_JSON = "application/json"
Reader = Annotated[Caller, require("records:read")]


FieldParam = Annotated[
    str | None,
    Query(max_length=100, description="Only this field, or group: `traits`, `key_roles`."),
]
SinceParam = Annotated[Instant | None, Query(description="Became true at this instant or later.")]
UntilParam = Annotated[
    Instant | None,
    Query(description="Became true until this instant. The first one tells why it was so then."),
]
KnownUntilParam = Annotated[Instant | None, Query(description="Learned until this instant.")]

plan_roles = api_router("/v1/accounts/{account_id}/plan-roles", "Contacts")


@plan_roles.get(
    "/history",
    summary="How contacts' parts in an account changed",
    response_model=Page[PlanRolesChangeOut],
)
async def list_plan_role_history(
    account_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Response:
    """Newest first. The same changes are in the history of each contact, as `accounts`."""
    body = await service.plan_roles_page(uow, account_id, tenure.cursors, cursor, limit)
    return Response(body, media_type=_JSON)


def add_history(router: APIRouter, schema: RecordSchema, schema_of: SchemaOf | None = None) -> None:
    which = schema_of or always(schema)

    async def history(
        record_id: UUID,
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
        body = await service.history_page(
            uow,
            await which(uow, request),
            record_id,
            tenure.cursors,
            wanted=service.Wanted(field, since, until, known_until),
            cursor=cursor,
            limit=limit,
        )
        return Response(body, media_type=_JSON)

    async def one_change(
        record_id: UUID, change_id: UUID, request: Request, caller: Reader, uow: Uow
    ) -> Response:
        these = await which(uow, request)
        body = await service.one_change(uow, these, record_id, change_id)
        return Response(body, media_type=_JSON)

    router.add_api_route(
        "/{record_id}/history",
        history,
        methods=["GET"],
        name=f"list_{schema.record_type}_history",
        summary=f"What changed about one {schema.record_type}, and why",
        response_model=Page[FieldChangeOut],
    )
    router.add_api_route(
        "/{record_id}/history/{change_id}",
        one_change,
        methods=["GET"],
        name=f"get_{schema.record_type}_change",
        summary=f"Why one field of a {schema.record_type} changed",
        description="The whole chain of causes, from origin to immediate actor, and what else was"
        " written with it.",
        response_model=FieldChangeDetail,
    )
