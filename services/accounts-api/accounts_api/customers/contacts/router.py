from typing import Annotated
from uuid import UUID

from fastapi import Body, Path
from starlette.responses import Response

from accounts_api.customers.contacts import service
from accounts_api.customers.contacts.schemas import (
    EXAMPLE,
    ContactIn,
    ContactOut,
    ContactPatch,
    ContactRow,
    ContactRows,
)
from accounts_api.customers.querying.routes import ExternalIdPath, add_reading
from accounts_api.records.history.routes import add_history
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.routes import (
    Writer,
    add_writing,
    bulk_written,
    written,
)
from accounts_api.records.store.schemas import BulkOut, upsert_examples
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import IfMatch, OptionalIfMatch, ServiceDep, Uow, api_router

router = api_router("/v1/contacts", "Contacts")

RecordId = Annotated[UUID, Path(description="The contact's id.")]


@router.post("", status_code=201, summary="Create a contact", response_model=ContactOut)
@all_faults_at_once
async def create_contact(data: ContactIn, caller: Writer, uow: Uow) -> Response:
    return written(service.contacts, await service.contacts.create(uow, caller, data))


@router.post("/bulk", summary="Upsert many contacts", response_model=BulkOut)
async def upsert_contacts(data: ContactRows, caller: Writer, tenure: ServiceDep) -> Response:
    """By `external_id`, or updates by `id`. Each row is accepted or refused by itself."""
    outcomes = await service.contacts.bulk(
        tenure.units, caller, data.rows, ContactRow, dry_run=data.dry_run
    )
    return bulk_written(outcomes)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or change the contact with an external id",
    response_model=ContactOut,
    responses={201: {"model": ContactOut, "description": "It did not exist."}},
)
@all_faults_at_once
async def put_contact(
    external_id: ExternalIdPath,
    data: Annotated[ContactPatch, Body(openapi_examples=upsert_examples(EXAMPLE))],
    version: OptionalIfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """Sets what the body says; a field left out stays as it is."""
    return written(
        service.contacts, await service.contacts.put(uow, caller, external_id, version, data)
    )


@router.patch("/{record_id}", summary="Change one contact", response_model=ContactOut)
@all_faults_at_once
async def update_contact(
    record_id: RecordId, data: ContactPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """JSON merge patch: a field left out stays, null clears. Traits are merged one by one."""
    return written(
        service.contacts, await service.contacts.patch(uow, caller, record_id, version, data)
    )


add_reading(router, CONTACT, ContactOut)
add_writing(router, service.contacts, ContactOut)
add_history(router, CONTACT)
