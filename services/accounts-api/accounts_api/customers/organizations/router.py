from typing import Annotated
from uuid import UUID

from fastapi import Body, Path
from starlette.responses import Response

from accounts_api.customers.organizations import service
from accounts_api.customers.organizations.schemas import (
    EXAMPLE,
    OrganizationIn,
    OrganizationOut,
    OrganizationPatch,
    OrganizationRow,
    OrganizationRows,
)
from accounts_api.customers.querying.routes import ExternalIdPath, add_reading
from accounts_api.records.history.routes import add_history
from accounts_api.records.schema.record_schemas import ORGANIZATION
from accounts_api.records.store.routes import (
    Writer,
    add_writing,
    bulk_written,
    written,
)
from accounts_api.records.store.schemas import BulkOut, upsert_examples
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import IfMatch, OptionalIfMatch, ServiceDep, Uow, api_router

router = api_router("/v1/organizations", "Organizations")

RecordId = Annotated[UUID, Path(description="The organization's id.")]


@router.post("", status_code=201, summary="Create an organization", response_model=OrganizationOut)
@all_faults_at_once
async def create_organization(data: OrganizationIn, caller: Writer, uow: Uow) -> Response:
    return written(service.organizations, await service.organizations.create(uow, caller, data))


@router.post("/bulk", summary="Upsert many organizations", response_model=BulkOut)
async def upsert_organizations(
    data: OrganizationRows, caller: Writer, tenure: ServiceDep
) -> Response:
    """By `external_id`, or updates by `id`. Each row is accepted or refused by itself."""
    outcomes = await service.organizations.bulk(
        tenure.units, caller, data.rows, OrganizationRow, dry_run=data.dry_run
    )
    return bulk_written(outcomes)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or change the organization with an external id",
    response_model=OrganizationOut,
    responses={201: {"model": OrganizationOut, "description": "It did not exist."}},
)
@all_faults_at_once
async def put_organization(
    external_id: ExternalIdPath,
    data: Annotated[OrganizationPatch, Body(openapi_examples=upsert_examples(EXAMPLE))],
    version: OptionalIfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """Sets what the body says; a field left out stays as it is."""
    return written(
        service.organizations,
        await service.organizations.put(uow, caller, external_id, version, data),
    )


@router.patch("/{record_id}", summary="Change one organization", response_model=OrganizationOut)
@all_faults_at_once
async def update_organization(
    record_id: RecordId, data: OrganizationPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """JSON merge patch: a field left out stays, null clears. Traits are merged one by one."""
    return written(
        service.organizations,
        await service.organizations.patch(uow, caller, record_id, version, data),
    )


add_reading(router, ORGANIZATION, OrganizationOut)
add_writing(router, service.organizations, OrganizationOut)
add_history(router, ORGANIZATION)
