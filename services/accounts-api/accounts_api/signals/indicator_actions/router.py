from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path, Query, Response

from accounts_api.signals.indicator_actions import service
from accounts_api.signals.indicator_actions.schemas import (
    AddressIn,
    AllIndicatorListParams,
    ClearIn,
    IndicatorChangeOut,
    IndicatorExplanationOut,
    IndicatorIn,
    IndicatorListParams,
    IndicatorOut,
    IndicatorReassignment,
    IndicatorSearch,
    SilenceIn,
)
from shared.auth import Caller
from shared.lists.schemas import CountedPage, ListParams
from shared.lists.service import ListQuery
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require

router = api_router("/v1/indicators", "Indicators")
of_accounts = api_router("/v1/accounts/{account_id}/indicators", "Indicators")

Reader = Annotated[Caller, require("indicators:read")]
Writer = Annotated[Caller, require("records:write")]
"""Whoever may edit a record says what is done about its indicators."""
IndicatorId = Annotated[UUID, Path(alias="id", description="The id of the indicator.")]

_LANGUAGE = set(ListParams.model_fields)
_SEARCH: Any = {
    "worst": {
        "summary": "Risks of the last week that nobody has looked at, the worst first",
        "value": {
            "kind": "risk",
            "state": "open",
            "filter": "severity >= 3 and opened_at within last 7 days",
            "count": "estimate",
        },
    }
}


@router.get("", summary="List indicators", response_model=CountedPage[IndicatorOut])
async def list_indicators(
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    params: Annotated[AllIndicatorListParams, Query()],
) -> dict[str, Any]:
    """Lists indicators of every state, the worst and then the newest first unless `sort` says
    otherwise, and those that `filter` finds if there is one: `cleared_at within last 7 days`.
    """
    query = ListQuery(**params.model_dump(include=_LANGUAGE))
    given = params.model_dump(exclude=_LANGUAGE)
    return await service.list_indicators(uow, caller, query, given, tenure.cursors)


@router.post("/search", summary="Search indicators", response_model=CountedPage[IndicatorOut])
async def search_indicators(
    data: Annotated[IndicatorSearch, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
) -> dict[str, Any]:
    """Finds indicators by a rule, as the list does; a rule that is too long for an address fits
    here.
    """
    query = ListQuery(**data.model_dump(include=_LANGUAGE), pointers="")
    given = data.model_dump(exclude=_LANGUAGE)
    return await service.list_indicators(uow, caller, query, given, tenure.cursors)


@of_accounts.get(
    "", summary="List indicators of an account", response_model=CountedPage[IndicatorOut]
)
async def list_account_indicators(
    account_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    params: Annotated[IndicatorListParams, Query()],
) -> dict[str, Any]:
    """Lists the indicators of an account, of its contacts and of its opportunities, the worst and
    then the newest first unless `sort` says otherwise.
    """
    query = ListQuery(**params.model_dump(include=_LANGUAGE))
    given = params.model_dump(exclude=_LANGUAGE)
    return await service.list_of_account(uow, caller, account_id, query, given, tenure.cursors)


@router.post(
    "",
    status_code=201,
    summary="Create an indicator by hand",
    response_model=IndicatorOut,
    response_description="The new indicator.",
    responses={
        200: {"model": IndicatorOut, "description": "The live indicator of this cause, as it is."}
    },
)
@all_faults_at_once
async def create_indicator(
    data: IndicatorIn, caller: Writer, uow: Uow, response: Response
) -> dict[str, Any]:
    """Opens an indicator, whether or not its definition has a rule. While one of the same
    definition, record and cause is live, that one is the answer, with 200. It is cleared by hand,
    or with its record.
    """
    indicator, new = await service.create_indicator(uow, data)
    response.status_code = 201 if new else 200
    return indicator


@router.get("/{id}", summary="Get an indicator", response_model=IndicatorOut)
async def get_indicator(indicator_id: IndicatorId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns an indicator, live or cleared."""
    return await service.get_indicator(uow, indicator_id)


@router.post(
    "/{id}/address",
    summary="Address an indicator",
    response_model=IndicatorOut,
    responses=refuses(409),
)
async def address_indicator(
    indicator_id: IndicatorId, data: AddressIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Says what was done about an open indicator: it counts no more while its rule still holds. 409
    `indicator_not_open` says the `state` of another.
    """
    return await service.address_indicator(uow, caller, indicator_id, data)


@router.post(
    "/{id}/silence",
    summary="Silence an indicator",
    response_model=IndicatorOut,
    responses=refuses(409),
)
async def silence_indicator(
    indicator_id: IndicatorId, data: SilenceIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Silences a live indicator, or gives a silence another end. At its end the indicator is open
    again, unless its rule holds no more: then it is cleared at once. 409 answers one that is
    cleared.
    """
    return await service.silence_indicator(uow, indicator_id, data)


@router.post(
    "/{id}/clear",
    summary="Clear an indicator",
    response_model=IndicatorOut,
    responses=refuses(409),
)
async def clear_indicator(
    indicator_id: IndicatorId, data: ClearIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Ends an indicator that a person opened. 409 `indicator_opened_by_rule` answers one that is
    cleared when its rule holds no more, `indicator_not_open` one that is cleared.
    """
    return await service.clear_indicator(uow, indicator_id, data)


@router.post(
    "/{id}/reassign",
    summary="Reassign an indicator",
    response_model=IndicatorOut,
    responses=refuses(409),
)
async def reassign_indicator(
    indicator_id: IndicatorId, data: IndicatorReassignment, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a live indicator an owner, who stays; null lets it follow its key role again. 409
    answers one that is cleared.
    """
    return await service.reassign_indicator(uow, indicator_id, data)


@router.get("/{id}/explain", summary="Explain an indicator", response_model=IndicatorExplanationOut)
async def explain_indicator(indicator_id: IndicatorId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns what the rule found when the indicator opened, condition by condition, and what it
    finds now.
    """
    return await service.explain_indicator(uow, indicator_id)


@router.get(
    "/{id}/history",
    summary="List changes of an indicator",
    response_model=Page[IndicatorChangeOut],
)
async def list_indicator_history(
    indicator_id: IndicatorId,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Lists what happened to an indicator, oldest first, with who or what did it."""
    shape = ["indicator history", indicator_id]
    after = tenure.cursors.read(cursor, caller.workspace_id, shape)[0] if cursor else 0
    rows = await service.list_changes(uow, indicator_id, after, limit)
    return page_of(rows, limit, tenure.cursors, caller.workspace_id, shape, ("version",))
