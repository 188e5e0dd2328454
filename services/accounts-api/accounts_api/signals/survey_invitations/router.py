from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from accounts_api.signals.survey_invitations import inspection, service
from accounts_api.signals.survey_invitations.schemas import (
    InvitationsIn,
    InvitationVerdicts,
    ServiceInvitationsIn,
    SurveyEligibilityOut,
    SurveyInvitationOut,
    SurveyPreviewOut,
)
from accounts_api.signals.surveys import service as surveys
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.internal import on_behalf
from shared.routers.key_or_id import by_key_or_id, query_by_key_or_id
from shared.uow import UnitOfWork
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, api_router, require, service_of, uow_if

of_surveys = api_router("/v1/surveys", "Surveys")
router = api_router("/v1/survey-invitations", "Surveys")

internal = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, require("surveys:read")]
Writer = Annotated[Caller, require("surveys:write")]
SurveysUow = Annotated[UnitOfWork, uow_if(surveys.must_be_on)]
SurveyId = Annotated[UUID, by_key_or_id(surveys.SURVEY_KEYS, surveys.SurveyNotFound)]
OfSurvey = Annotated[
    UUID, by_key_or_id(surveys.SURVEY_KEYS, surveys.SurveyNotFound, alias="survey_id")
]
OneSurvey = Annotated[
    UUID | None,
    query_by_key_or_id(surveys.SURVEY_KEYS, "survey_id", "Only of this survey, by id or key."),
]
InvitationId = Annotated[UUID, Path(alias="id", description="The id of the invitation.")]


@of_surveys.get(
    "/{id}/eligibility",
    summary="Explain whether a contact may be asked by a survey",
    response_model=SurveyEligibilityOut,
)
async def explain_survey_eligibility(
    survey_id: SurveyId,
    contact_id: Annotated[UUID, Query(description="The id of the contact.")],
    caller: Reader,
    uow: SurveysUow,
) -> Any:
    """Returns every gate with its verdict and why: address, audience, churn, who asked them too
    recently and until when, and the quota of their account.
    """
    return await inspection.eligibility(uow, survey_id, contact_id)


@of_surveys.post(
    "/{survey_id}/invitations",
    summary="Invite contacts to a survey",
    response_model=InvitationVerdicts,
)
@all_faults_at_once
async def invite_to_survey(
    survey_id: OfSurvey,
    data: InvitationsIn,
    caller: Writer,
    uow: SurveysUow,
    the_service: ServiceDep,
) -> Any:
    """Makes a link for each contact for whom every gate is open, and says of the others which are
    closed. Nothing is sent: the links are yours to send. Two requests at once never invite a
    contact twice within the days of the survey's fatigue.
    """
    asked = await service.named_contacts(uow, data.contacts)
    verdicts = await service.invite(uow, survey_id, asked, "api")
    settings = the_service.settings
    return {"data": [verdict.as_json(settings, uow.workspace_id) for verdict in verdicts]}


@of_surveys.post(
    "/{id}/preview", summary="Preview whom a survey would reach", response_model=SurveyPreviewOut
)
async def preview_survey(survey_id: SurveyId, caller: Reader, uow: SurveysUow) -> Any:
    """Counts the audience less each gate, as if everybody were invited now; nothing is stored."""
    return await inspection.preview(uow, survey_id)


@router.get("", summary="List survey invitations", response_model=Page[SurveyInvitationOut])
async def list_survey_invitations(
    caller: Reader,
    uow: SurveysUow,
    the_service: ServiceDep,
    survey_id: OneSurvey,
    limit: Limit = 50,
    cursor: CursorParam = None,
    contact_id: Annotated[UUID | None, Query(description="Only of this contact.")] = None,
    account_id: Annotated[UUID | None, Query(description="Only of this account.")] = None,
) -> dict[str, Any]:
    """Lists who was asked, latest first."""
    shape = ["survey invitations", survey_id, contact_id, account_id]
    after = the_service.cursors.read_time(cursor, caller.workspace_id, shape)
    found = await service.list_invitations(
        uow,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        after=after,
        limit=limit,
    )
    keys = ("invited_at", "id")
    return page_of(found, limit, the_service.cursors, caller.workspace_id, shape, keys)


@router.post(
    "/{id}/withdraw", summary="Withdraw a survey invitation", response_model=SurveyInvitationOut
)
async def withdraw_survey_invitation(
    invitation_id: InvitationId, caller: Writer, uow: SurveysUow
) -> Any:
    """Closes the link of an invitation that was not answered. It counts no more as having been
    asked. A repeated call changes nothing; 409 answers one that was answered.
    """
    return service.shown(await service.withdraw(uow, invitation_id), await uow.now())


@internal.post("/internal/survey-invitations", response_model=InvitationVerdicts)
async def invite_for_service(
    data: ServiceInvitationsIn,
    request: Request,
    caller: Annotated[Caller, on_behalf("surveys:write")],
) -> Any:
    """A verdict for each contact, with the link of whoever is invited."""
    the_service = service_of(request)
    async with the_service.units.begin(caller.workspace_id, caller.cause) as uow:
        await surveys.must_be_on(uow)
        verdicts = await service.invite_for_service(uow, data)
    settings = the_service.settings
    return {"data": [verdict.as_json(settings, caller.workspace_id) for verdict in verdicts]}
