from typing import Annotated
from uuid import UUID

from fastapi import Body, Path
from starlette.responses import Response

from accounts_api.customers.accounts import service
from accounts_api.customers.accounts.schemas import (
    EXAMPLE,
    AccountIn,
    AccountOut,
    AccountPatch,
    AccountRow,
    AccountRows,
)
from accounts_api.customers.querying.routes import ExternalIdPath, add_reading
from accounts_api.records.history.routes import add_history
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.routes import (
    Writer,
    add_writing,
    bulk_written,
    written,
)
from accounts_api.records.store.schemas import BulkOut, upsert_examples
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import IfMatch, OptionalIfMatch, ServiceDep, Uow, api_router

router = api_router("/v1/accounts", "Accounts")

RecordId = Annotated[UUID, Path(description="The account's id.")]


@router.post("", status_code=201, summary="Create an account", response_model=AccountOut)
@all_faults_at_once
async def create_account(data: AccountIn, caller: Writer, uow: Uow) -> Response:
    return written(service.accounts, await service.accounts.create(uow, caller, data))


@router.post("/bulk", summary="Upsert many accounts", response_model=BulkOut)
async def upsert_accounts(data: AccountRows, caller: Writer, tenure: ServiceDep) -> Response:
    """By `external_id`, or updates by `id`. Each row is accepted or refused by itself."""
    outcomes = await service.accounts.bulk(
        tenure.units, caller, data.rows, AccountRow, dry_run=data.dry_run
    )
    return bulk_written(outcomes)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or change the account with an external id",
    response_model=AccountOut,
    responses={201: {"model": AccountOut, "description": "It did not exist."}},
)
@all_faults_at_once
async def put_account(
    external_id: ExternalIdPath,
    data: Annotated[AccountPatch, Body(openapi_examples=upsert_examples(EXAMPLE))],
    version: OptionalIfMatch,
    caller: Writer,
    uow: Uow,
) -> Response:
    """Sets what the body says; a field left out stays as it is."""
    return written(
        service.accounts, await service.accounts.put(uow, caller, external_id, version, data)
    )


@router.patch("/{record_id}", summary="Change one account", response_model=AccountOut)
@all_faults_at_once
async def update_account(
    record_id: RecordId, data: AccountPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """JSON merge patch: a field left out stays, null clears. Traits are merged one by one."""
    return written(
        service.accounts, await service.accounts.patch(uow, caller, record_id, version, data)
    )


add_reading(router, ACCOUNT, AccountOut)
add_writing(router, service.accounts, AccountOut)
add_history(router, ACCOUNT)
