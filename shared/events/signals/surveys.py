"""What the accounts service tells of surveys."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event


class SurveyInvited(Event):
    """A contact has a link by which to answer a survey. Published once for each invitation; who
    sends the link is not said by it.
    """

    name: ClassVar[str] = "accounts.survey_invited.v1"
    public_name: ClassVar[str | None] = "survey.invited"

    invitation_id: UUID = Field(description="The id of the invitation.")
    survey_id: UUID = Field(description="The id of the survey.")
    survey_key: str = Field(description="The key of the survey.")
    contact_id: UUID
    account_id: UUID | None = Field(
        description="The account for which they are asked; null: they are of none."
    )
    via: str = Field(description="What invited them: `api`, `sequence` or `playbook`.")
    invited_at: datetime = Field(description="When, by the workspace's clock.")
    expires_at: datetime = Field(description="When the link ends, by the workspace's clock.")


class SurveyResponseFact(Event):
    """Common to the events of responses. `answers` holds values by the keys of the questions."""

    response_id: UUID = Field(description="The id of the response.")
    survey_id: UUID = Field(description="The id of the survey.")
    survey_key: str = Field(description="The key of the survey.")
    survey_kind: str = Field(description="The kind of the survey: `nps`, `csat`, `ces`, `custom`.")
    question_version: int = Field(description="The version of the questions that were answered.")
    contact_id: UUID | None = Field(description="Who answered; null: it is not known.")
    account_id: UUID | None = Field(description="The account they are of; null: none is known.")
    invitation_id: UUID | None = Field(
        description="The invitation that was answered; null: it came without one."
    )
    score: int | None = Field(description="The score; null of a survey that has none.")
    answers: dict[str, Any] = Field(description="What was said, by the keys of the questions.")
    responded_at: datetime = Field(description="When they answered first.")
    version: int


class SurveyAnswered(SurveyResponseFact):
    """Somebody answered a survey. Published once for each response."""

    name: ClassVar[str] = "accounts.survey_answered.v1"
    public_name: ClassVar[str | None] = "survey.answered"


class SurveyAnswerChanged(SurveyResponseFact):
    """Somebody who had answered a survey says something else, which replaces what they said."""

    name: ClassVar[str] = "accounts.survey_answer_changed.v1"
    public_name: ClassVar[str | None] = "survey.answer_changed"

    previous_score: int | None = Field(description="The score before; null: there was none.")
