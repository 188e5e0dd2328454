from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.customers.trait_usages import service
from accounts_api.customers.traits.errors import TraitNotFound
from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.evaluation.usages.service import Elsewhere
from accounts_api.records.schema.trait_keys import TRAIT_KEYS
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import ServiceDep, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/traits", "Traits")

TraitId = Annotated[UUID, by_key_or_id(TRAIT_KEYS, TraitNotFound)]


@router.get("/{id}/usages", summary="Get usages of a trait", response_model=UsageListOut)
async def get_trait_usages(
    trait_id: TraitId, caller: Annotated[Caller, require("traits:read")], tenure: ServiceDep
) -> Any:
    """Lists rules, formulas and other traits, note templates, sequences (their templates too),
    mappings, and imports that have not ended, that use the trait. `not_asked` names services that
    did not answer.
    """
    elsewhere = await service.ask_others(tenure, caller, trait_id)
    begin = tenure.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        return (await service.used_by(uow, trait_id, elsewhere)).as_json()


@router.delete("/{id}", status_code=204, summary="Delete a trait")
async def delete_trait(
    trait_id: TraitId,
    version: IfMatch,
    caller: Annotated[Caller, require("traits:write")],
    tenure: ServiceDep,
    *,
    force: Annotated[
        bool, Query(description="True goes on although something uses it or it has values.")
    ] = False,
) -> None:
    """Deletes a trait that nothing uses. In use, or with values, it is a 409 that names the users;
    `force` deletes it with its values, which are cleared in batches.
    """
    elsewhere = Elsewhere() if force else await service.ask_others(tenure, caller, trait_id)
    async with tenure.units.begin(caller.workspace_id, caller.cause) as uow:
        await service.delete_trait(uow, trait_id, version, elsewhere, force=force)
