from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from accounts_api.automation.lifecycle import service
from accounts_api.automation.lifecycle.schemas import (
    LifecycleExplanationOut,
    LifecyclePreviewIn,
    LifecyclePreviewOut,
    LifecycleRuleIn,
    LifecycleRuleOut,
    LifecycleRulePatch,
    LifecycleRulesOut,
    UnconvertedTrialOut,
)
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require
from shared.web.versions import IfMatch

router = api_router("/v1/lifecycle-rules", "Lifecycle")

Reader = Annotated[Caller, require("lifecycle:read")]
Writer = Annotated[Caller, require("lifecycle:write")]
RuleId = Annotated[UUID, by_key_or_id(service.KEYS, service.LifecycleRuleNotFound)]
ExplainedAccount = Annotated[UUID, Query(description="The id of the account to explain.")]


@router.get("", summary="List lifecycle rules", response_model=LifecycleRulesOut)
async def list_lifecycle_rules(caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists the rules in the order in which they decide: `ignored`, `churned`, `trial`. An account
    that satisfies none is `subscribed`.
    """
    return await service.list_rules(uow)


@router.post(
    "", status_code=201, summary="Create a lifecycle rule", response_model=LifecycleRuleOut
)
@all_faults_at_once
async def create_lifecycle_rule(data: LifecycleRuleIn, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Creates a rule. Accounts follow in batches; `progress` of the list shows how far that is."""
    rule = await service.create_rule(uow, data)
    return await service.shown(uow, rule)


@router.post("/preview", summary="Preview lifecycle rules", response_model=LifecyclePreviewOut)
@all_faults_at_once
async def preview_lifecycle_rules(
    data: LifecyclePreviewIn, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Counts accounts by status under the whole set in the body and shows who would move; nothing
    is stored.
    """
    return await service.preview_rules(uow, data)


@router.get(
    "/explain",
    responses=refuses(404),
    summary="Explain an account's lifecycle status",
    response_model=LifecycleExplanationOut,
)
async def explain_lifecycle(
    account_id: ExplainedAccount, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Returns what each rule says of the account, condition by condition, which of them decides,
    and the account's status periods.
    """
    return await service.explain_account(uow, account_id)


@router.get(
    "/unconverted-trials",
    summary="List unconverted trials",
    response_model=Page[UnconvertedTrialOut],
)
async def list_unconverted_trials(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists trials past the end that their rule maps by `end_field`, the longest over first."""
    shape = ["unconverted trials"]
    after = tenure.cursors.read_time(cursor, caller.workspace_id, shape)
    found = await service.list_unconverted(uow, after, limit)
    keys = ["trial_ends_at", "account_id"]
    return page_of(found, limit, tenure.cursors, caller.workspace_id, shape, keys)


@router.get("/{id}", summary="Get a lifecycle rule", response_model=LifecycleRuleOut)
async def get_lifecycle_rule(rule_id: RuleId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns a rule, with the reasons why it cannot be used, if there are any."""
    return await service.shown(uow, await service.get_rule(uow, rule_id))


@router.patch("/{id}", summary="Update a lifecycle rule", response_model=LifecycleRuleOut)
@all_faults_at_once
async def update_lifecycle_rule(
    rule_id: RuleId,
    data: LifecycleRulePatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> dict[str, Any]:
    """Changes what is sent; the status of a rule stays. Accounts follow in batches, and `progress`
    of the list shows how far that is.
    """
    return await service.shown(uow, await service.update_rule(uow, rule_id, data, version))


@router.post("/{id}/rename", summary="Rename a lifecycle rule", response_model=LifecycleRuleOut)
async def rename_lifecycle_rule(
    rule_id: RuleId, data: Rename, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a rule another key. The one before leads to it for ninety days more."""
    return await service.shown(uow, await service.rename_rule(uow, rule_id, data.key))


@router.delete("/{id}", status_code=204, summary="Delete a lifecycle rule")
async def delete_lifecycle_rule(
    rule_id: RuleId, version: IfMatch, caller: Writer, uow: Uow
) -> Response:
    """Deletes a rule. Accounts that it decided about get the status that other rules give them."""
    await service.delete_rule(uow, rule_id, version)
    return Response(status_code=204)
