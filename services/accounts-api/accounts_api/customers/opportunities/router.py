from typing import Annotated
from uuid import UUID

from fastapi import Body, Path
from starlette.responses import Response

from accounts_api.customers.opportunities import service
from accounts_api.customers.opportunities.schemas import (
    EXAMPLE,
    OpportunityIn,
    OpportunityOut,
    OpportunityPatch,
    OpportunityRow,
    OpportunityRows,
)
from accounts_api.customers.querying.routes import ExternalIdPath, add_reading
from accounts_api.records.history.routes import add_history
from accounts_api.records.schema.record_schemas import OPPORTUNITY
from accounts_api.records.store.routes import (
    Writer,
    add_writing,
    bulk_written,
    written,
)
from accounts_api.records.store.schemas import BulkOut, upsert_examples
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import IfMatch, OptionalIfMatch, ServiceDep, Uow, api_router

router = api_router("/v1/opportunities", "Opportunities")

RecordId = Annotated[UUID, Path(description="The opportunity's id.")]


@router.post("", status_code=201, summary="Create an opportunity", response_model=OpportunityOut)
@all_faults_at_once
async def create_opportunity(data: OpportunityIn, caller: Writer, uow: Uow) -> Response:
    return written(service.opportunities, await service.opportunities.create(uow, caller, data))


@router.post("/bulk", summary="Upsert many opportunities", response_model=BulkOut)
async def upsert_opportunities(
    data: OpportunityRows, caller: Writer, tenure: ServiceDep
) -> Response:
    """By `external_id`, or updates by `id`. Each row is accepted or refused by itself."""
    outcomes = await service.opportunities.bulk(
        tenure.units, caller, data.rows, OpportunityRow, dry_run=data.dry_run
    )
    return bulk_written(outcomes)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or change the opportunity with an external id",
    response_model=OpportunityOut,
    responses={201: {"model": OpportunityOut, "description": "It did not exist."}},
)
@all_faults_at_once
async def put_opportunity(
    external_id: ExternalIdPath,
    data: Annotated[OpportunityPatch, Body(openapi_examples=upsert_examples(EXAMPLE))],
    version: OptionalIfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """Sets what the body says; a field left out stays as it is."""
    return written(
        service.opportunities,
        await service.opportunities.put(uow, caller, external_id, version, data),
    )


@router.patch("/{record_id}", summary="Change one opportunity", response_model=OpportunityOut)
@all_faults_at_once
async def update_opportunity(
    record_id: RecordId, data: OpportunityPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """JSON merge patch: a field left out stays, null clears. Traits are merged one by one."""
    return written(
        service.opportunities,
        await service.opportunities.patch(uow, caller, record_id, version, data),
    )


add_reading(router, OPPORTUNITY, OpportunityOut)
add_writing(router, service.opportunities, OpportunityOut)
add_history(router, OPPORTUNITY)
