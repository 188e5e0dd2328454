from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from accounts_api.signals.survey_responses import service
from accounts_api.signals.survey_responses.schemas import (
    ErasureIn,
    ErasureOut,
    SurveyResponseDetail,
    SurveyResponseIn,
    SurveyResponseOut,
    SurveyResponsePut,
)
from accounts_api.signals.surveys import service as surveys
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import query_by_key_or_id
from shared.schemas import ExternalId
from shared.service import Service
from shared.uow import UnitOfWork
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, api_router, require, uow_if
from shared.web.versions import OptionalIfMatch

router = api_router("/v1/survey-responses", "Surveys")
of_accounts = api_router("/v1/accounts/{account_id}/survey-responses", "Surveys")

Reader = Annotated[Caller, require("surveys:read")]
Writer = Annotated[Caller, require("surveys:write")]
SurveysUow = Annotated[UnitOfWork, uow_if(surveys.must_be_on)]
ResponseId = Annotated[UUID, Path(alias="id", description="The id of the response.")]
OneSurvey = Annotated[
    UUID | None,
    query_by_key_or_id(surveys.SURVEY_KEYS, "survey_id", "Only of this survey, by id or key."),
]
OneContact = Annotated[UUID | None, Query(description="Only of this contact.")]
ExternalIdPath = Annotated[
    ExternalId,
    Path(description="The response's id in your system; a `/` in it is sent as `%2F`."),
]


@router.get("", summary="List survey responses", response_model=Page[SurveyResponseOut])
async def list_survey_responses(
    caller: Reader,
    uow: SurveysUow,
    the_service: ServiceDep,
    survey_id: OneSurvey,
    limit: Limit = 50,
    cursor: CursorParam = None,
    contact_id: OneContact = None,
    account_id: Annotated[UUID | None, Query(description="Only of this account.")] = None,
) -> dict[str, Any]:
    """Lists what was answered, latest first."""
    return await _page(uow, the_service, limit, cursor, (survey_id, contact_id, account_id))


async def _page(
    uow: UnitOfWork,
    the_service: Service,
    limit: int,
    cursor: str | None,
    only: tuple[UUID | None, UUID | None, UUID | None],
) -> dict[str, Any]:
    survey_id, contact_id, account_id = only
    shape = ["survey responses", *only]
    found = await service.list_responses(
        uow,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        after=the_service.cursors.read_time(cursor, uow.workspace_id, shape),
        limit=limit,
    )
    keys = ("responded_at", "id")
    return page_of(found, limit, the_service.cursors, uow.workspace_id, shape, keys)


@router.post(
    "", status_code=201, summary="Create a survey response", response_model=SurveyResponseOut
)
@all_faults_at_once
async def create_survey_response(data: SurveyResponseIn, caller: Writer, uow: SurveysUow) -> Any:
    """Stores what somebody answered elsewhere: in your product, on the telephone, in another
    system. 409 answers an invitation that was answered, and an `external_id` that another response
    has: use PUT by external id to change it.
    """
    return await service.create_response(uow, data)


@router.post("/erase", summary="Erase the survey responses of a contact", response_model=ErasureOut)
async def erase_survey_responses(data: ErasureIn, caller: Writer, uow: SurveysUow) -> Any:
    """Forgets who answered: texts go, in every version, and scores and choices stay as those of
    nobody. It cannot be taken back. A repeated call changes nothing.
    """
    return {"erased": await service.erase(uow, data.contact_id)}


@router.get("/{id}", summary="Get a survey response", response_model=SurveyResponseDetail)
async def get_survey_response(response_id: ResponseId, caller: Reader, uow: SurveysUow) -> Any:
    """Returns what was answered, with what was said before."""
    return await service.get_response(uow, response_id)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or update the survey response with an external id",
    response_model=SurveyResponseOut,
    responses={201: {"model": SurveyResponseOut, "description": "It was created."}},
)
@all_faults_at_once
async def put_survey_response(
    external_id: ExternalIdPath,
    data: SurveyResponsePut,
    version: OptionalIfMatch,
    caller: Writer,
    uow: SurveysUow,
    response: Response,
) -> Any:
    """Stores what somebody answered, or puts it in place of what they said before, which is kept.
    What says the same changes nothing.
    """
    found, is_new = await service.put_response(uow, external_id, version, data)
    response.status_code = 201 if is_new else 200
    return found


@of_accounts.get(
    "", summary="List survey responses of an account", response_model=Page[SurveyResponseOut]
)
async def list_account_survey_responses(
    account_id: UUID,
    caller: Reader,
    uow: SurveysUow,
    the_service: ServiceDep,
    survey_id: OneSurvey,
    limit: Limit = 50,
    cursor: CursorParam = None,
    contact_id: OneContact = None,
) -> dict[str, Any]:
    """Lists what people of an account answered, latest first."""
    await service.must_be_account(uow, account_id)
    return await _page(uow, the_service, limit, cursor, (survey_id, contact_id, account_id))
