from typing import Annotated, Any

from accounts_api.evaluation.rule_checks import service
from accounts_api.evaluation.rule_checks.schemas import (
    RuleExplainIn,
    RuleExplanationOut,
    RuleValidationIn,
    RuleValidationOut,
)
from shared.auth import Caller
from shared.web.routing import Uow, api_router, refuses, require

router = api_router("/v1/rules", "Rules")

Reader = Annotated[Caller, require("segments:read")]


@router.post(
    "/validate", summary="Validate a rule and convert it", response_model=RuleValidationOut
)
async def validate_rule(data: RuleValidationIn, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns the rule as JSON and as text, or all that is wrong with it, with pointer or column
    and what was probably meant. A faulty rule is an answer, not an error.
    """
    return await service.validate_rule(uow, data)


@router.post(
    "/explain",
    summary="Explain a rule on one record",
    response_model=RuleExplanationOut,
    responses=refuses(404),
)
async def explain_rule(data: RuleExplainIn, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns why a record would be found by a filter with this rule, or be in a segment of it, or
    not.
    """
    return await service.explain_rule(uow, data)
