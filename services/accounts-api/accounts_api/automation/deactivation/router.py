from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from accounts_api.automation.deactivation import service
from accounts_api.automation.deactivation.schemas import (
    DeactivationExplanationOut,
    DeactivationPreviewIn,
    DeactivationPreviewOut,
    DeactivationRuleIn,
    DeactivationRuleOut,
    DeactivationRulePatch,
    DeactivationRulesOut,
)
from shared.auth import Caller
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, refuses, require
from shared.web.versions import IfMatch

router = api_router("/v1/contact-deactivation-rules", "Contact deactivation")

Reader = Annotated[Caller, require("lifecycle:read")]
Writer = Annotated[Caller, require("lifecycle:write")]
RuleId = Annotated[UUID, by_key_or_id(service.KEYS, service.DeactivationRuleNotFound)]
ExplainedContact = Annotated[UUID, Query(description="The id of the contact to explain.")]


@router.get("", summary="List deactivation rules", response_model=DeactivationRulesOut)
async def list_deactivation_rules(caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists the rules in the order in which they decide: the oldest first."""
    return await service.list_rules(uow)


@router.post(
    "", status_code=201, summary="Create a deactivation rule", response_model=DeactivationRuleOut
)
@all_faults_at_once
async def create_deactivation_rule(
    data: DeactivationRuleIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Creates a rule. While it matches, the contact's `deactivated_at` is set; contacts follow in
    batches, and `progress` of the list shows how far that is.
    """
    rule = await service.create_rule(uow, data)
    return await service.shown(uow, rule)


@router.post(
    "/preview",
    summary="Preview deactivation rules",
    response_model=DeactivationPreviewOut,
)
@all_faults_at_once
async def preview_deactivation_rules(
    data: DeactivationPreviewIn, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Counts contacts under the whole set in the body and shows who would move; stores nothing."""
    return await service.preview_rules(uow, data)


@router.get(
    "/explain",
    responses=refuses(404),
    summary="Explain why a contact is deactivated or not",
    response_model=DeactivationExplanationOut,
)
async def explain_deactivation(
    contact_id: ExplainedContact, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Returns what each rule says of the contact, condition by condition, and which of them
    decides.
    """
    return await service.explain_contact(uow, contact_id)


@router.get("/{id}", summary="Get a deactivation rule", response_model=DeactivationRuleOut)
async def get_deactivation_rule(rule_id: RuleId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns a rule, with the reasons why it cannot be used, if there are any."""
    return await service.shown(uow, await service.get_rule(uow, rule_id))


@router.patch("/{id}", summary="Update a deactivation rule", response_model=DeactivationRuleOut)
@all_faults_at_once
async def update_deactivation_rule(
    rule_id: RuleId,
    data: DeactivationRulePatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> dict[str, Any]:
    """Changes what is sent. Contacts follow in batches, and `progress` of the list shows how far
    that is.
    """
    return await service.shown(uow, await service.update_rule(uow, rule_id, data, version))


@router.post(
    "/{id}/rename", summary="Rename a deactivation rule", response_model=DeactivationRuleOut
)
async def rename_deactivation_rule(
    rule_id: RuleId, data: Rename, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a rule another key. The one before leads to it for ninety days more."""
    return await service.shown(uow, await service.rename_rule(uow, rule_id, data.key))


@router.delete("/{id}", status_code=204, summary="Delete a deactivation rule")
async def delete_deactivation_rule(
    rule_id: RuleId, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """Deletes a rule. Contacts that it alone deactivated are active again."""
    await service.delete_rule(uow, rule_id, version)
    return Response(status_code=204)
