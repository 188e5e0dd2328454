from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from accounts_api.customers.accounts.schemas import AccountOut
from accounts_api.customers.accounts.service import accounts
from accounts_api.customers.key_roles import service
from accounts_api.customers.key_roles.schemas import (
    HoldersIn,
    HoldingsOut,
    KeyRoleIn,
    KeyRoleOut,
    KeyRolePatch,
)
from accounts_api.customers.record_routes.parameters import Writer as RecordWriter
from accounts_api.customers.record_routes.responses import record_response
from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.evaluation.usages.service import Elsewhere
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/key-roles", "Key roles")
of_accounts = api_router("/v1/accounts/{account_id}/key-roles", "Key roles")

Reader = Annotated[Caller, require("records:read")]
Writer = Annotated[Caller, require("traits:write")]
PlannedHoldingId = Annotated[UUID, Path(alias="id", description="The id of the planned holding.")]
KeyRoleId = Annotated[UUID, by_key_or_id(service.KEYS, service.KeyRoleNotFound)]
Force = Annotated[bool, Query(description="True ends every holding of it, whatever uses it.")]
Key = Annotated[str, Path(description="The key of the key role, such as `csm`.")]


@router.get("", summary="List key roles", response_model=Page[KeyRoleOut])
async def list_key_roles(
    caller: Reader, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> Any:
    # Not the read-only transaction of a GET: the first look may make the usual four.
    """Lists key roles by key. The first call in a workspace creates the usual four."""
    async with tenure.units.begin(caller.workspace_id, caller.cause) as uow:
        return await service.list_key_roles(uow, tenure.cursors, cursor, limit)


@router.post("", status_code=201, summary="Create a key role", response_model=KeyRoleOut)
async def create_key_role(data: KeyRoleIn, caller: Writer, uow: Uow) -> Any:
    """Defines a key role, which accounts then have under `key_roles`."""
    return await service.create_key_role(uow, data)


@router.get("/{id}", summary="Get a key role", response_model=KeyRoleOut)
async def get_key_role(key_role_id: KeyRoleId, caller: Reader, uow: Uow) -> Any:
    """Returns a key role; who holds it is with each account."""
    return await service.get_key_role(uow, key_role_id)


@router.patch("/{id}", summary="Update a key role", response_model=KeyRoleOut)
async def update_key_role(
    key_role_id: KeyRoleId,
    data: KeyRolePatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> Any:
    """Changes what is sent. `multi` cannot become false while an account has several holders: 409
    says how many do.
    """
    return await service.change_key_role(uow, key_role_id, version, data)


@router.get("/{id}/usages", summary="Get usages of a key role", response_model=UsageListOut)
async def get_key_role_usages(key_role_id: KeyRoleId, caller: Reader, tenure: ServiceDep) -> Any:
    """Lists rules that ask who holds it, its own assignment rules, sequences and mappings.
    `records` counts accounts with a holder.
    """
    elsewhere = await service.ask_others(tenure, caller, key_role_id)
    begin = tenure.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        return (await service.used_by(uow, key_role_id, elsewhere)).as_json()


@router.delete("/{id}", status_code=204, summary="Delete a key role")
async def delete_key_role(
    key_role_id: KeyRoleId,
    version: IfMatch,
    caller: Writer,
    tenure: ServiceDep,
    *,
    force: Force = False,
) -> None:
    """Deletes a key role that nothing uses. In use it is a 409 that names the users; `force` ends
    every holding of it, and who held it when stays known.
    """
    elsewhere = Elsewhere() if force else await service.ask_others(tenure, caller, key_role_id)
    async with tenure.units.begin(caller.workspace_id, caller.cause) as uow:
        await service.delete_key_role(uow, key_role_id, version, elsewhere, force=force)


@of_accounts.get("", summary="List holders of an account's key roles", response_model=HoldingsOut)
async def list_key_role_holders(account_id: UUID, caller: Reader, uow: Uow) -> Any:
    """Lists who holds, held and will hold each key role of the account, latest first."""
    return await service.holdings_of(uow, account_id)


@of_accounts.put(
    "/{key}",
    summary="Assign a key role on an account",
    response_model=AccountOut,
    responses={202: {"model": AccountOut, "description": "Planned: it begins by itself."}},
)
async def assign_key_role(
    account_id: UUID, key: Key, data: HoldersIn, version: IfMatch, caller: RecordWriter, uow: Uow
) -> Response:
    """Sets who holds the key role from now on, or from `valid_from`; who held it before is kept
    with the dates. An instant to come is planned and answered with 202; another plan for the same
    instant replaces it.
    """
    outcome, done = await service.assign_key_role(uow, caller, account_id, version, key, data)
    return await record_response(uow, accounts, outcome, 200 if done else 202)


@of_accounts.delete("/planned/{id}", status_code=204, summary="Cancel a planned holding")
async def cancel_planned_key_role(
    account_id: UUID, planned_id: PlannedHoldingId, caller: RecordWriter, uow: Uow
) -> Response:
    """Cancels a holding that has not begun. 404 answers one that has."""
    await service.cancel_planned(uow, account_id, planned_id)
    return Response(status_code=204)
