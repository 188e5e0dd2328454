"""The routes that read records: list, search, export, and one by either of its ids."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.exports import service as exports
from accounts_api.customers.querying import service
from accounts_api.customers.querying.schemas import SearchIn
from accounts_api.customers.querying.service import ListRequest, point_in_time
from accounts_api.customers.record_routes.parameters import (
    AsOfParam,
    ExportParams,
    ExternalIdPath,
    FieldsParam,
    IncludeParam,
    KnownAsOfParam,
    ListParams,
    Reader,
    RecordId,
    SelectionParams,
    search_examples,
)
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_routes.responses import JSON, read_response
from accounts_api.records.history import service as history
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.lists.schemas import CountedPage
from shared.uow import UnitOfWork
from shared.web.csv import CsvResponse
from shared.web.routing import ServiceDep, Uow


def add_reads(router: APIRouter, record_type: RecordType) -> None:
    name, plural, out = record_type.name, record_type.plural, record_type.out
    page: Any = CountedPage[out]  # type: ignore[valid-type]  # a type made for this record type

    @router.get("", name=f"list_{plural}", summary=f"List {plural}", response_model=page)
    async def list_records(
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
        params: Annotated[ListParams, Query()],
    ) -> Response:
        """Lists records, oldest first unless `sort` says otherwise, and those that `filter` finds
        if there is one. Deleted records are not listed, nor what belongs to ignored accounts unless
        `include_ignored`.
        """
        wanted = ListRequest(
            **_selection(params), count=params.count, limit=params.limit, cursor=params.cursor
        )
        schema = await record_type.schema_to_read(uow, request.path_params)
        body = await service.list_records(uow, schema, wanted, tenure.cursors)
        return Response(body, media_type=JSON)

    @router.get(
        "/export.csv",
        name=f"export_{plural}",
        summary=f"Export {plural} as CSV",
        description="Streams all that the list with the same parameters holds. Money is in minor"
        " units, several values in a cell are separated by `;`, and text that a spreadsheet would"
        " run begins with an apostrophe. A record that is there all along comes exactly once. A"
        " filter that takes too long is refused before the first byte.",
        response_class=CsvResponse,
        responses=CsvResponse.openapi("id,external_id,name\r\n0198c0de-…,crm-1001,Acme\r\n"),
    )
    async def export(
        request: Request,
        caller: Reader,
        tenure: ServiceDep,
        params: Annotated[ExportParams, Query()],
    ) -> Response:
        # Not the transaction of a GET: the audit log takes it down. Later batches have their own.
        wanted = ListRequest(**_selection(params))
        async with tenure.units.begin(caller.workspace_id, caller.cause) as uow:
            schema = await record_type.schema_to_read(uow, request.path_params)
            planned = await exports.begin(uow, schema, wanted)
        stream = exports.stream(tenure.units, caller, planned, bom=params.bom)
        return CsvResponse(stream, filename=f"{schema.plural}.csv")

    @router.post(
        "/search",
        name=f"search_{plural}",
        summary=f"Search {plural}",
        response_model=page,
    )
    async def search(
        data: Annotated[SearchIn, Body(openapi_examples=search_examples(record_type.search))],
        request: Request,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
    ) -> Response:
        """Finds records by a rule, by words, or both, as the list does; a rule that is too long for
        an address fits here.
        """
        body = data.model_dump(exclude={"as_of", "known_as_of"})
        point = point_in_time(data.as_of, data.known_as_of)
        wanted = ListRequest(**body, point=point, pointers="")
        schema = await record_type.schema_to_read(uow, request.path_params)
        answer = await service.list_records(uow, schema, wanted, tenure.cursors)
        return Response(answer, media_type=JSON)

    @router.get(
        "/by-external-id/{external_id:path}",
        name=f"get_{name}_by_external_id",
        summary=f"Get the {name} with an external id",
        response_model=out,
    )
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
        """Returns the record that has this external id. With `as_of` or `known_as_of` it is the one
        that has the id now, as it was then.
        """
        schema = await record_type.schema_to_read(uow, request.path_params)
        shown: Any = {"fields": _words(fields), "include": _words(include) or ()}
        if as_of or known_as_of:
            record_id = await service.id_by_external_id(uow, schema, external_id)
            return await _past_response(uow, schema, record_id, as_of, known_as_of, shown)
        record = await service.get_record(uow, schema, external_id=external_id, **shown)
        return read_response(record)

    @router.get(
        "/{id}",
        name=f"get_{name}",
        summary=f"Get {record_type.one}",
        response_model=out,
    )
    async def get(
        record_id: RecordId,
        request: Request,
        caller: Reader,
        uow: Uow,
        include: IncludeParam = None,
        fields: FieldsParam = None,
        as_of: AsOfParam = None,
        known_as_of: KnownAsOfParam = None,
    ) -> Response:
        """Returns the record, or as it was with `as_of` or `known_as_of`. The id of a merged record
        leads to the winner.
        """
        schema = await record_type.schema_to_read(uow, request.path_params)
        shown: Any = {"fields": _words(fields), "include": _words(include) or ()}
        if as_of or known_as_of:
            return await _past_response(uow, schema, record_id, as_of, known_as_of, shown)
        record = await service.get_record(uow, schema, record_id=record_id, **shown)
        return read_response(record)


async def _past_response(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    as_of: AsOfParam,
    known_as_of: KnownAsOfParam,
    shown: Any,
) -> Response:
    state = await history.record_as_of(uow, schema, record_id, as_of, known_as_of)
    point = service.PointInTime(as_of, known_as_of)
    body = await service.past_record(uow, schema, state, point, **shown)
    return Response(body, media_type=JSON)


def _selection(params: SelectionParams) -> dict[str, Any]:
    return {
        "filter": params.filter,
        "sort": params.sort,
        "fields": _words(params.fields),
        "include": _words(params.include) or (),
        "include_ignored": params.include_ignored,
        "point": point_in_time(params.as_of, params.known_as_of),
    }


def _words(text: str | None) -> list[str] | None:
    if text is None:
        return None
    return [word for part in text.split(",") if (word := part.strip())]
