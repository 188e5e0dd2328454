"""What was answered: by your programs, by a link, and forgotten."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT, RecordSchema
from accounts_api.records.store.service import living, living_named, state_of
from accounts_api.signals.survey_invitations import service as invitations
from accounts_api.signals.survey_invitations.models import Invitation
from accounts_api.signals.survey_responses import queries
from accounts_api.signals.survey_responses.models import Response
from accounts_api.signals.survey_responses.queries import response_of
from accounts_api.signals.survey_responses.rules import (
    Said,
    answer_faults,
    said,
    without_text,
)
from accounts_api.signals.survey_responses.schemas import (
    SurveyResponseFields,
    SurveyResponseIn,
    SurveyResponsePut,
)
from accounts_api.signals.surveys import service as surveys
from accounts_api.signals.surveys.models import Survey
from accounts_api.signals.surveys.rules import Question, read_questions
from accounts_api.signals.surveys.service import SURVEY_KEYS, cause_of
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version, invalid
from shared.events.signals.surveys import SurveyAnswerChanged, SurveyAnswered
from shared.ids import new_id
from shared.uow import UnitOfWork

__all__ = ["response_of"]


class ResponseNotFound(NotFound):
    code = "survey_response_not_found"
    title = "There is no such response"


class AlreadyAnswered(Conflict):
    code = "already_answered"
    title = "This invitation was answered"


class ResponseIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another response has this external id"


class ResponseErased(Conflict):
    code = "survey_response_erased"
    title = "This response was erased"


@dataclass(frozen=True, slots=True)
class _Respondent:
    contact_id: UUID | None
    account_id: UUID | None


async def create_response(uow: UnitOfWork, data: SurveyResponseIn) -> Response:
    """Raises `AlreadyAnswered` for an invitation that was."""
    survey, spoken, who, now = await _read(uow, data)
    if data.invitation_id is not None:
        who = await _invited(uow, survey, data.invitation_id, who)
    return await _add(
        uow,
        survey,
        spoken,
        {
            "question_version": data.question_version or survey.question_version,
            **asdict(who),
            "invitation_id": data.invitation_id,
            "external_id": data.external_id,
            "source": data.source,
            "responded_at": data.responded_at or now,
        },
    )


async def put_response(
    uow: UnitOfWork, external_id: str, version: int | None, data: SurveyResponsePut
) -> tuple[Response, bool]:
    """The response, and whether it is new. What says the same changes nothing."""
    before = await queries.response_by_external_id(uow, external_id)
    survey, spoken, who, now = await _read(uow, data)
    fields = {
        "question_version": data.question_version or survey.question_version,
        **asdict(who),
        "source": data.source,
    }
    if before is None:
        more = {"external_id": external_id, "invitation_id": None}
        at = {"responded_at": data.responded_at or now}
        return await _add(uow, survey, spoken, {**fields, **more, **at}), True
    check_version(version, before.version)
    if before.erased_at is not None:
        raise ResponseErased("Whoever gave it is forgotten.")
    faults = []
    if survey.id != before.survey_id:
        message = "A response stays with its survey."
        faults.append(Fault("/survey_id", "contradiction", message))
    if data.responded_at not in {None, before.responded_at}:
        message = "When they answered first stays."
        faults.append(Fault("/responded_at", "contradiction", message))
    if faults:
        raise Invalid(faults=faults)
    return await change_answers(uow, survey, before, spoken, fields, now), False


async def answer_invitation(
    uow: UnitOfWork,
    survey: Survey,
    invitation: Invitation,
    question_version: int,
    spoken: Said,
) -> Response:
    """By its link; whoever calls holds the invitation. An answer that says the same changes
    nothing, another one takes the place of the first.
    """
    before = await queries.response_of(uow, invitation.id)
    fields = {
        "question_version": question_version,
        "contact_id": invitation.contact_id,
        "account_id": invitation.account_id,
        "source": None,
    }
    now = await uow.now()
    if before is not None:
        return await change_answers(uow, survey, before, spoken, fields, now)
    more = {"invitation_id": invitation.id, "external_id": None, "responded_at": now}
    return await _add(uow, survey, spoken, {**fields, **more})


async def _add(
    uow: UnitOfWork, survey: Survey, spoken: Said, fields: Mapping[str, Any]
) -> Response:
    async with (
        refuse("uq_survey_responses_invitation_id", AlreadyAnswered("It is answered once.")),
        refuse(
            "uq_survey_responses_external_id",
            ResponseIdTaken("PUT /v1/survey-responses/by-external-id changes it."),
        ),
    ):
        made = await queries.add(
            uow, {"id": new_id(), "survey_id": survey.id, **fields, **asdict(spoken)}
        )
    if made.invitation_id is not None:
        await invitations.set_answered(uow, made.invitation_id, made.responded_at)
    await queries.keep_version(uow, made.id, made.responded_at, cause_of(uow))
    uow.publish(SurveyAnswered(**_fact(survey, made)))
    return made


async def change_answers(
    uow: UnitOfWork,
    survey: Survey,
    before: Response,
    spoken: Said,
    fields: Mapping[str, Any],
    now: datetime,
) -> Response:
    wanted = {**fields, **asdict(spoken)}
    if all(getattr(before, name) == value for name, value in wanted.items()):
        return before
    changed = await queries.change(uow, before.id, wanted)
    await queries.keep_version(uow, changed.id, now, cause_of(uow))
    more = {"previous_score": before.score}
    uow.publish(SurveyAnswerChanged(**_fact(survey, changed), **more))
    return changed


def _fact(survey: Survey, response: Response) -> dict[str, Any]:
    return {
        "response_id": response.id,
        "survey_id": survey.id,
        "survey_key": survey.key,
        "survey_kind": survey.kind,
        "question_version": response.question_version,
        "contact_id": response.contact_id,
        "account_id": response.account_id,
        "invitation_id": response.invitation_id,
        "score": response.score,
        "answers": response.answers,
        "responded_at": response.responded_at,
        "version": response.version,
    }


async def _read(
    uow: UnitOfWork, data: SurveyResponseFields
) -> tuple[Survey, Said, _Respondent, datetime]:
    """Raises `Invalid` with every fault."""
    survey_id = await SURVEY_KEYS.named(uow, data.survey_id, "/survey_id")
    survey = await surveys.find_survey(uow, survey_id)
    if survey is None:
        message = "There is no survey with this id."
        raise Invalid(faults=[Fault("/survey_id", "unknown_survey", message)])
    now = await uow.now()
    faults: list[Fault] = []
    if data.responded_at is not None and data.responded_at > now:
        faults.append(Fault("/responded_at", "in_the_future", f"It is {now.isoformat()} there."))
    contact_id = await _named(uow, CONTACT, data.contact_id, data.contact_external_id, faults)
    account_id = await _named(uow, ACCOUNT, data.account_id, data.account_external_id, faults)
    questions = await questions_at(uow, survey, data.question_version or survey.question_version)
    if questions is None:
        message = f"The questions are at version {survey.question_version}."
        faults.append(Fault("/question_version", "unknown_version", message))
    faults += answer_faults(questions or (), data.answers) if questions is not None else []
    if faults or questions is None:
        raise Invalid(faults=faults)
    spoken = said(survey.kind, questions, data.answers)
    return survey, spoken, _Respondent(contact_id, account_id), now


async def questions_at(
    uow: UnitOfWork, survey: Survey, question_version: int
) -> list[Question] | None:
    """None: the survey never had this version."""
    stored = await surveys.questions_of(uow, survey.id, question_version)
    return None if stored is None else read_questions(stored)


async def _named(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID | None,
    external_id: str | None,
    faults: list[Fault],
) -> UUID | None:
    """The record that either names; what is not there is added to `faults`."""
    if record_id is None and external_id is None:
        return None
    if record_id is not None:
        known = (await living(uow, schema, [str(record_id)])).get(str(record_id))
        found = None if known is None else UUID(known)
    else:
        found = (await living_named(uow, schema, [external_id or ""])).get(external_id)
    if found is None:
        end = "id" if record_id is not None else "external_id"
        code, message = f"unknown_{schema.record_type}", f"There is no such {schema.record_type}."
        faults.append(Fault(f"/{schema.record_type}_{end}", code, message))
    return found


async def _invited(
    uow: UnitOfWork, survey: Survey, invitation_id: UUID, who: _Respondent
) -> _Respondent:
    """Whom the invitation is for. Raises `Invalid` where that is not what was said."""
    invitation = await invitations.invitation_by_id(uow, invitation_id, lock=True)
    if invitation is None or invitation.survey_id != survey.id:
        message = "The survey has no such invitation."
        raise Invalid(faults=[Fault("/invitation_id", "unknown_invitation", message)])
    if invitation.answered_at is not None:
        raise AlreadyAnswered("It is answered once.")
    faults = [
        Fault(f"/{name}", "contradiction", "The invitation is of another one.")
        for name in ("contact_id", "account_id")
        if getattr(who, name) not in {None, getattr(invitation, name)}
    ]
    if faults:
        raise Invalid(faults=faults)
    return _Respondent(invitation.contact_id, invitation.account_id)


async def get_response(uow: UnitOfWork, response_id: UUID) -> dict[str, Any]:
    """With its history."""
    found = await queries.response_by_id(uow, response_id)
    if found is None:
        raise ResponseNotFound("There is no response with this id.")
    return {**asdict(found), "history": await queries.versions_of(uow, response_id)}


async def list_responses(
    uow: UnitOfWork,
    *,
    survey_id: UUID | None,
    contact_id: UUID | None,
    account_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Response]:
    """Latest first; one more than `limit`, if there are more."""
    return await queries.responses_page(
        uow,
        survey_id=survey_id,
        contact_id=contact_id,
        account_id=account_id,
        after=after,
        limit=limit + 1,
    )


async def must_be_account(uow: UnitOfWork, account_id: UUID) -> None:
    """Raises `RecordNotFound`."""
    state = await state_of(uow, ACCOUNT, account_id)
    if state is None or state["deleted"]:
        raise RecordNotFound("There is no account with this id.")


async def erase(uow: UnitOfWork, contact_id: UUID) -> int:
    """The contact's responses are of nobody from now on: scores and choices stay, texts go, in
    every version. How many there were. Raises `Invalid` for a contact there never was.
    """
    if await state_of(uow, CONTACT, contact_id) is None:
        raise invalid("/contact_id", "unknown_contact", "There never was such a contact.")
    now = await uow.now()
    found = await queries.responses_of_contact(uow, contact_id)
    for response in found:
        for kept in await queries.versions_of(uow, response.id):
            questions = await _questions_then(uow, response.survey_id, kept.question_version)
            answers = without_text(questions, kept.answers)
            await queries.erase_version(uow, response.id, kept.version, answers)
        questions = await _questions_then(uow, response.survey_id, response.question_version)
        await queries.erase(uow, response.id, without_text(questions, response.answers), now)
    return len(found)


async def _questions_then(uow: UnitOfWork, survey_id: UUID, version: int) -> list[Question]:
    return read_questions(await surveys.questions_of(uow, survey_id, version) or ())
