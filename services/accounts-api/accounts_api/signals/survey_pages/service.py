"""What the page of a link shows, and what sending its form does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from accounts_api.identity.workspaces import service as workspaces
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.service import state_of
from accounts_api.signals.survey_invitations import service as invitations
from accounts_api.signals.survey_invitations.links import Link, link_of
from accounts_api.signals.survey_invitations.models import Invitation
from accounts_api.signals.survey_pages.forms import answers_of, preselected, version_of
from accounts_api.signals.survey_responses import service as responses
from accounts_api.signals.survey_responses.models import Response
from accounts_api.signals.survey_responses.rules import answer_faults, is_editable, said
from accounts_api.signals.surveys import service as surveys
from accounts_api.signals.surveys.models import Survey
from accounts_api.signals.surveys.rules import Question, read_questions, score_question
from shared.errors import AppError, Fault, NotFound, TooManyRequests
from shared.events.base import Cause
from shared.service import Service
from shared.uow import UnitOfWork

_CAUSE: Final = (Cause(type="system", id="survey", label="the contact answered"),)
_OF_A_LINK: Final = 60
_OF_AN_ADDRESS: Final = 600
"""Requests a minute: many people of a company may share an address."""


class NoSuchLink(NotFound):
    code = "unknown_link"
    title = "This link is not one of ours, or it is damaged"


class LinkOver(AppError):
    """It cannot be answered any more."""

    status = 410
    code = "invitation_expired"
    title = "This survey can no longer be answered by this link"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page shows."""

    by: str
    """The workspace's name."""
    survey: Survey
    questions: list[Question]
    question_version: int
    answers: dict[str, Any]
    faults: list[Fault]


def opened_link(service: Service, token: str) -> Link:
    """Raises `NoSuchLink`."""
    link = link_of(service.settings.cursor_secret.get_secret_value(), token)
    if link is None:
        raise NoSuchLink("Use the link as it stands in the mail.")
    return link


async def limit(service: Service, token: str, address: str) -> None:
    """Raises `TooManyRequests`."""
    for key, most in ((f"survey:{token}", _OF_A_LINK), (f"surveys:{address}", _OF_AN_ADDRESS)):
        decision = await service.limiter.take(key, most)
        if not decision.allowed:
            raise TooManyRequests("Try again shortly.", retry_after=decision.reset_seconds)


async def show(service: Service, link: Link, score: str | None) -> Opened:
    """Nothing is recorded. Raises `NoSuchLink` and `LinkOver`."""
    async with service.units.begin(link.workspace_id, (), read_only=True) as uow:
        invitation = await _invitation(uow, link)
        survey, response, _ = await _answerable(uow, invitation)
        questions = read_questions(survey.questions)
        answers = {} if response is None else dict(response.answers)
        answers |= preselected(score_question(survey.kind, questions), score)
        name = (await workspaces.get_workspace(uow)).name
        return Opened(name, survey, questions, survey.question_version, answers, [])


async def answer(service: Service, link: Link, form: dict[str, list[str]]) -> Opened:
    """What was said is stored, unless it has faults. One response for an invitation, however often
    and however many at once send it. Raises `NoSuchLink` and `LinkOver`.
    """
    async with service.units.begin(link.workspace_id, _CAUSE) as uow:
        invitation = await _invitation(uow, link, lock=True)
        await uow.fresh_now()
        survey, _, _ = await _answerable(uow, invitation)
        version = version_of(form, survey.question_version)
        questions = await responses.questions_at(uow, survey, version)
        if questions is None:
            version, questions = survey.question_version, read_questions(survey.questions)
        answers = answers_of(questions, form)
        faults = answer_faults(questions, answers, "")
        if not faults:
            spoken = said(survey.kind, questions, answers)
            await responses.answer_invitation(uow, survey, invitation, version, spoken)
        name = (await workspaces.get_workspace(uow)).name
        return Opened(name, survey, questions, version, answers, faults)


async def _invitation(uow: UnitOfWork, link: Link, *, lock: bool = False) -> Invitation:
    found = await invitations.invitation_by_id(uow, link.invitation_id, lock=lock)
    if found is None:
        raise NoSuchLink("Use the link as it stands in the mail.")
    return found


async def _answerable(
    uow: UnitOfWork, invitation: Invitation
) -> tuple[Survey, Response | None, datetime]:
    """Raises `LinkOver`: it has ended, was withdrawn, was answered too long ago or by somebody who
    is forgotten, or there is nobody to ask or to answer any more.
    """
    now = await uow.now()
    survey = await surveys.find_survey(uow, invitation.survey_id)
    response = await responses.response_of(uow, invitation.id)
    contact = await state_of(uow, CONTACT, invitation.contact_id)
    over = (
        survey is None
        or survey.archived_at is not None
        or invitation.withdrawn_at is not None
        or contact is None
        or contact["deleted"]
        or not await surveys.is_on(uow)
    )
    if response is not None:
        over = over or not is_editable(response.responded_at, now)
    else:
        over = over or invitation.answered_at is not None or invitation.expires_at <= now
    if over or survey is None:
        raise LinkOver
    return survey, response, now
