"""The routes that read records, the same for every record type."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.querying import exporting, service
from accounts_api.customers.querying.schemas import (
    Chosen,
    ExportParams,
    FieldsParam,
    IncludeParam,
    ListParams,
    RecordPage,
    SearchIn,
    searches,
)
from accounts_api.customers.querying.service import (
    ListRequest,
    PointInTime,
    RecordBody,
    point_in_time,
)
from accounts_api.records.history import service as history
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.routes import SchemaOf, always
from accounts_api.records.store.schemas import RecordOut
from shared.auth import Caller
from shared.schemas import ExternalId, Instant
from shared.uow import UnitOfWork
from shared.web.csv import CsvResponse
from shared.web.routing import ServiceDep, Uow, etag, not_modified, require

Reader = Annotated[Caller, require("records:read")]
ExternalIdPath = Annotated[
    ExternalId,
    Path(description="The key in the source system; a '/' in it as `%2F`."),
]
AsOfParam = Annotated[
    Instant | None,
    Query(description="The record as it was at this instant of the workspace's clock."),
]
KnownAsOfParam = Annotated[
    Instant | None, Query(description="As far as was known at this instant.")
]
_JSON = "application/json"


def add_reading(
    router: APIRouter, schema: RecordSchema, out: type[RecordOut], schema_of: SchemaOf | None = None
) -> None:
    """List, search, and get by either id."""
    name, plural = schema.record_type, schema.plural
    which = schema_of or always(schema)
    page: Any = RecordPage[out]  # type: ignore[valid-type]  # a type made for this record type

    async def list_them(
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
        params: Annotated[ListParams, Query()],
    ) -> Response:
        wanted = ListRequest(
            **_chosen(params), count=params.count, limit=params.limit, cursor=params.cursor
        )
        these = await which(uow, request)
        body = await service.list_records(uow, these, wanted, tenure.cursors)
        return Response(body, media_type=_JSON)

    async def export(
        request: Request,
        caller: Reader,
        tenure: ServiceDep,
        params: Annotated[ExportParams, Query()],
    ) -> Response:
        # Not the transaction of a GET: the audit log takes it down. Later batches have their own.
        wanted = ListRequest(**_chosen(params))
        async with tenure.units.begin(caller.workspace_id, caller.cause) as uow:
            these = await which(uow, request)
            planned = await exporting.begin(uow, these, wanted)
        written = exporting.stream(tenure.units, caller, planned, bom=params.bom)
        return CsvResponse(written, filename=f"{these.plural}.csv")

    async def search(
        data: Annotated[SearchIn, Body(openapi_examples=searches(name))],
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
    ) -> Response:
        said = data.model_dump(exclude={"as_of", "known_as_of"})
        point = point_in_time(data.as_of, data.known_as_of)
        wanted = ListRequest(**said, point=point, pointers="")
        these = await which(uow, request)
        body = await service.list_records(uow, these, wanted, tenure.cursors)
        return Response(body, media_type=_JSON)

    async def as_it_was(
        uow: UnitOfWork, these: RecordSchema, record_id: UUID, point: PointInTime, chosen: Any
    ) -> Response:
        state = await history.record_as_of(uow, these, record_id, point.as_of, point.known_as_of)
        body = await service.past_record(uow, these, state, point, **chosen)
        return Response(body, media_type=_JSON)

    async def get_by_external_id(
        external_id: ExternalIdPath,
        request: Request,
        caller: Reader,
        uow: Uow,
        include: IncludeParam = None,
        fields: FieldsParam = None,
        as_of: AsOfParam = None,
        known_as_of: KnownAsOfParam = None,
    ) -> Response:
        these = await which(uow, request)
        chosen: Any = {"fields": _words(fields), "include": _words(include) or ()}
        if point := point_in_time(as_of, known_as_of):
            record_id = await service.id_of(uow, these, external_id)
            return await as_it_was(uow, these, record_id, point, chosen)
        found = await service.get_record(uow, these, external_id=external_id, **chosen)
        return found_response(request, found, conditional=not (include or fields))

    async def get_it(
        record_id: UUID,
        request: Request,
        caller: Reader,
        uow: Uow,
        include: IncludeParam = None,
        fields: FieldsParam = None,
        as_of: AsOfParam = None,
        known_as_of: KnownAsOfParam = None,
    ) -> Response:
        these = await which(uow, request)
        chosen: Any = {"fields": _words(fields), "include": _words(include) or ()}
        if point := point_in_time(as_of, known_as_of):
            return await as_it_was(uow, these, record_id, point, chosen)
        found = await service.get_record(uow, these, record_id=record_id, **chosen)
        return found_response(request, found, conditional=not (include or fields))

    router.add_api_route(
        "",
        list_them,
        methods=["GET"],
        name=f"list_{plural}",
        summary=f"List {plural}",
        response_model=page,
    )
    router.add_api_route(
        "/export.csv",
        export,
        methods=["GET"],
        name=f"export_{plural}",
        summary=f"Export {plural} as CSV",
        description="All that the list with the same parameters holds, streamed. Money is in minor"
        " units, several values in a cell are separated by `;`, and text that a spreadsheet would"
        " run begins with an apostrophe. A record that is there all along comes exactly once. A"
        " filter that takes too long is refused before the first byte.",
        response_class=CsvResponse,
        responses=CsvResponse.told("id,external_id,name\r\n0198c0de-…,crm-1001,Acme\r\n"),
    )
    router.add_api_route(
        "/search",
        search,
        methods=["POST"],
        name=f"search_{plural}",
        summary=f"Search {plural} by rule and by words",
        response_model=page,
    )
    router.add_api_route(
        "/by-external-id/{external_id:path}",
        get_by_external_id,
        methods=["GET"],
        name=f"get_{name}_by_external_id",
        summary=f"Get the {name} with an external id",
        description="With `as_of` or `known_as_of`, the one that has this external id now, as it"
        " was then.",
        response_model=out,
    )
    router.add_api_route(
        "/{record_id}",
        get_it,
        methods=["GET"],
        name=f"get_{name}",
        summary=f"Get one {name}",
        response_model=out,
        responses={304: {"description": "It is still the version of `If-None-Match`."}},
    )


def _chosen(params: Chosen) -> dict[str, Any]:
    return {
        "filter": params.filter,
        "sort": params.sort,
        "fields": _words(params.fields),
        "include": _words(params.include) or (),
        "include_ignored": params.include_ignored,
        "point": point_in_time(params.as_of, params.known_as_of),
    }


def _words(given: str | None) -> list[str] | None:
    if given is None:
        return None
    return [word for part in given.split(",") if (word := part.strip())]


def found_response(request: Request, found: RecordBody, *, conditional: bool) -> Response:
    """With its ETag, which tells of the record alone: what is included has no part in a 304."""
    if conditional and not_modified(request, found.version):
        return Response(status_code=304, headers={"etag": etag(found.version)})
    return Response(found.body, media_type=_JSON, headers={"etag": etag(found.version)})
