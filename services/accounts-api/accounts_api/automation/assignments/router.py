from typing import Annotated, Any
from uuid import UUID

from accounts_api.automation.assignments import service
from accounts_api.automation.assignments.evaluation import AssignmentRuleNotFound
from accounts_api.automation.assignments.queries import KEYS, AssignmentRule
from accounts_api.automation.assignments.schemas import (
    AssignmentPreviewIn,
    AssignmentPreviewOut,
    AssignmentProgress,
    AssignmentRuleIn,
    AssignmentRuleOut,
    AssignmentRulePatch,
    AssignmentRulesOut,
)
from accounts_api.customers.key_roles import service as key_roles
from shared.auth import Caller
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/key-roles/{key_role_id}/assignment-rules", "Key roles")

Reader = Annotated[Caller, require("records:read")]
Writer = Annotated[Caller, require("traits:write")]
OfKeyRole = Annotated[
    UUID, by_key_or_id(key_roles.KEYS, key_roles.KeyRoleNotFound, alias="key_role_id")
]
RuleId = Annotated[UUID, by_key_or_id(KEYS, AssignmentRuleNotFound)]


@router.get("", summary="List assignment rules", response_model=AssignmentRulesOut)
async def list_assignment_rules(key_role_id: OfKeyRole, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists the rules of a key role in the order in which they decide: of several that an account
    satisfies, the first.
    """
    return await service.list_rules(uow, key_role_id)


@router.post(
    "", status_code=201, summary="Create an assignment rule", response_model=AssignmentRuleOut
)
@all_faults_at_once
async def create_assignment_rule(
    key_role_id: OfKeyRole, data: AssignmentRuleIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Creates a rule. An account that begins to satisfy it gets a holder from now on; accounts that
    satisfy it already get theirs when the rules are applied.
    """
    return await _shown(uow, await service.create_rule(uow, key_role_id, data))


@router.post("/preview", summary="Preview assignment rules", response_model=AssignmentPreviewOut)
@all_faults_at_once
async def preview_assignment_rules(
    key_role_id: OfKeyRole, data: AssignmentPreviewIn, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Counts who would get which accounts if the rules, stored or in the body, were applied to
    every account now; nothing is stored.
    """
    return await service.preview_rules(uow, key_role_id, data)


@router.post(
    "/apply",
    status_code=202,
    summary="Apply assignment rules",
    response_model=AssignmentProgress,
)
async def apply_assignment_rules(
    key_role_id: OfKeyRole, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Starts a job that gives every account of a rule its holder, in batches; `progress` of the
    list shows how far that is.
    """
    return await service.apply_rules(uow, key_role_id)


@router.get("/{id}", summary="Get an assignment rule", response_model=AssignmentRuleOut)
async def get_assignment_rule(
    key_role_id: OfKeyRole, rule_id: RuleId, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Returns a rule, with the reasons why it cannot be used, if there are any."""
    return await _shown(uow, await service.get_rule(uow, key_role_id, rule_id))


@router.patch("/{id}", summary="Update an assignment rule", response_model=AssignmentRuleOut)
@all_faults_at_once
async def update_assignment_rule(
    key_role_id: OfKeyRole,
    rule_id: RuleId,
    data: AssignmentRulePatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> dict[str, Any]:
    """Changes what is sent. Accounts that satisfy the rule already keep their holders until the
    rules are applied.
    """
    return await _shown(uow, await service.update_rule(uow, key_role_id, rule_id, data, version))


@router.post("/{id}/rename", summary="Rename an assignment rule", response_model=AssignmentRuleOut)
async def rename_assignment_rule(
    key_role_id: OfKeyRole, rule_id: RuleId, data: Rename, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a rule another key. The one before leads to it for ninety days more."""
    rule = await service.rename_rule(uow, rule_id, data.key, key_role_id=key_role_id)
    return await _shown(uow, rule)


@router.delete("/{id}", status_code=204, summary="Delete an assignment rule")
async def delete_assignment_rule(
    key_role_id: OfKeyRole, rule_id: RuleId, version: IfMatch, caller: Writer, uow: Uow
) -> None:
    """Deletes a rule. Whom it chose stays."""
    await service.delete_rule(uow, key_role_id, rule_id, version)


async def _shown(uow: Uow, rule: AssignmentRule) -> dict[str, Any]:
    return (await service.shown(uow, [rule]))[0]
