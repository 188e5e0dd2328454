"""The routes that write fields of records: create, bulk, put and patch."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.record_routes.parameters import (
    ExternalIdPath,
    RecordId,
    Writer,
    with_body,
)
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_routes.responses import record_response
from accounts_api.records.requests.schemas import upsert_examples
from shared.bulk import BulkOut, RowsIn, bulk_response
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow
from shared.web.versions import IfMatch, OptionalIfMatch


def add_body_writes(router: APIRouter, record_type: RecordType) -> None:
    name, out = record_type.name, record_type.out

    @router.post(
        "",
        status_code=201,
        name=f"create_{name}",
        summary=f"Create {record_type.one}",
        response_model=out,
    )
    @all_faults_at_once
    @with_body(record_type.create)
    async def create(data: BaseModel, caller: Writer, uow: Uow, request: Request) -> Response:
        """Creates a record. 409 answers an `external_id` that another record has: use PUT by
        external id to create or change it in one call.
        """
        records = await record_type.records_to_write(uow, request.path_params)
        return await record_response(uow, records, await records.create(uow, caller, data))

    @router.post(
        "/bulk",
        name=f"upsert_{record_type.plural}",
        summary=f"Upsert {record_type.plural}",
        response_model=BulkOut,
    )
    @with_body(record_type.rows)
    async def bulk(data: RowsIn, caller: Writer, tenure: ServiceDep, request: Request) -> Response:
        """Creates or changes up to 5,000 records by `external_id`, or updates them by `id`. Each
        row is accepted or rejected by itself, and sending the same rows again changes nothing.
        """
        records = await record_type.records_for_bulk(tenure.units, caller, request.path_params)
        quiet = data.quiet
        outcomes = await records.bulk(tenure.units, caller, data, record_type.row, quiet)
        return bulk_response(outcomes, quiet.id if quiet else None)

    @router.put(
        "/by-external-id/{external_id:path}",
        name=f"put_{name}",
        summary=f"Create or update the {name} with an external id",
        response_model=out,
        responses={201: {"model": out, "description": "It did not exist."}},
    )
    @all_faults_at_once
    @with_body(
        Annotated[record_type.patch, Body(openapi_examples=upsert_examples(record_type.example))]
    )
    async def put(
        external_id: ExternalIdPath,
        data: BaseModel,
        version: OptionalIfMatch,
        caller: Writer,
        uow: Uow,
        request: Request,
    ) -> Response:
        """Sets what the body says and creates the record if there is none; a field left out stays
        as it is. 409 answers a record that a person deleted: undelete it first.
        """
        records = await record_type.records_to_write(uow, request.path_params)
        return await record_response(
            uow, records, await records.put(uow, caller, external_id, version, data)
        )

    @router.patch(
        "/{id}", name=f"update_{name}", summary=f"Update {record_type.one}", response_model=out
    )
    @all_faults_at_once
    @with_body(record_type.patch)
    async def patch(
        record_id: RecordId,
        data: BaseModel,
        version: IfMatch,
        caller: Writer,
        uow: Uow,
        request: Request,
    ) -> Response:
        """Changes what is sent, as a JSON merge patch: a field left out stays, null clears it.
        Traits are merged one by one.
        """
        records = await record_type.records_to_write(uow, request.path_params)
        return await record_response(
            uow, records, await records.patch(uow, caller, record_id, version, data)
        )
