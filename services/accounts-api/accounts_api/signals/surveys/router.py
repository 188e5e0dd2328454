from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.evaluation.usages.service import Elsewhere
from accounts_api.signals.surveys import service
from accounts_api.signals.surveys.schemas import SurveyIn, SurveyOut, SurveyPatch
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.uow import UnitOfWork
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, api_router, require, uow_if
from shared.web.versions import IfMatch

router = api_router("/v1/surveys", "Surveys")

Reader = Annotated[Caller, require("surveys:read")]
Writer = Annotated[Caller, require("surveys:write")]
SurveyId = Annotated[UUID, by_key_or_id(service.SURVEY_KEYS, service.SurveyNotFound)]
SurveysUow = Annotated[UnitOfWork, uow_if(service.must_be_on)]
Force = Annotated[bool, Query(description="True archives it although something uses it.")]


@router.get("", summary="List surveys", response_model=Page[SurveyOut])
async def list_surveys(
    caller: Reader,
    uow: SurveysUow,
    the_service: ServiceDep,
    *,
    limit: Limit = 50,
    cursor: CursorParam = None,
    archived: Annotated[
        bool, Query(description="True lists archived surveys in place of live ones.")
    ] = False,
) -> dict[str, Any]:
    """Lists surveys by title, the live ones unless `archived` asks for the others."""
    shape = ["surveys", archived]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    found = await service.list_surveys(
        uow,
        archived=archived,
        after=(after[0], UUID(after[1])) if after else None,
        limit=limit,
    )
    rows = [shown.as_json() for shown in found]
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ("title", "id"))


@router.post("", status_code=201, summary="Create a survey", response_model=SurveyOut)
@all_faults_at_once
async def create_survey(data: SurveyIn, caller: Writer, uow: SurveysUow) -> dict[str, Any]:
    """Creates a survey. Nobody is asked by that: invitations are made for contacts, or answers are
    sent by your own programs.
    """
    return (await service.create_survey(uow, data)).as_json()


@router.get("/{id}", summary="Get a survey", response_model=SurveyOut)
async def get_survey(survey_id: SurveyId, caller: Reader, uow: SurveysUow) -> dict[str, Any]:
    """Returns a survey with its questions of today, live or archived."""
    return (await service.get_survey(uow, survey_id)).as_json()


@router.patch("/{id}", summary="Update a survey", response_model=SurveyOut)
@all_faults_at_once
async def update_survey(
    survey_id: SurveyId, data: SurveyPatch, version: IfMatch, caller: Writer, uow: SurveysUow
) -> dict[str, Any]:
    """Changes what is sent. Other questions raise `question_version`: who was invited before is
    asked the new ones, and answers keep those they were given to.
    """
    return (await service.update_survey(uow, survey_id, data, version)).as_json()


@router.post("/{id}/rename", summary="Rename a survey", response_model=SurveyOut)
async def rename_survey(
    survey_id: SurveyId, data: Rename, caller: Writer, uow: SurveysUow
) -> dict[str, Any]:
    """Gives a survey another key. The one before leads to it for ninety days more. 409 answers a
    key that leads to another survey.
    """
    return (await service.rename_survey(uow, survey_id, data.key)).as_json()


@router.delete("/{id}", status_code=204, summary="Archive a survey")
async def archive_survey(
    survey_id: SurveyId,
    version: IfMatch,
    caller: Writer,
    the_service: ServiceDep,
    *,
    force: Force = False,
) -> Response:
    """Archives a survey: its links close, and what was said stays. 409 names what uses it, unless
    `force`.
    """
    elsewhere = Elsewhere()
    if not force:
        elsewhere = await service.ask_others(the_service, caller, survey_id)
    async with the_service.units.begin(caller.workspace_id, caller.cause) as uow:
        await service.must_be_on(uow)
        await service.archive_survey(uow, survey_id, version, elsewhere, force=force)
    return Response(status_code=204)


@router.get("/{id}/usages", summary="Get usages of a survey", response_model=UsageListOut)
async def get_survey_usages(
    survey_id: SurveyId, caller: Reader, the_service: ServiceDep
) -> dict[str, Any]:
    """Lists what would not be what it is any more if the survey went, in every service. No record
    uses one.
    """
    elsewhere = await service.ask_others(the_service, caller, survey_id)
    begin = the_service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        await service.must_be_on(uow)
        survey = await service.survey_named(uow, survey_id)
        return (await service.used_by(uow, survey, elsewhere)).as_json()
