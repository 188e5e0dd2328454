from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from shared.schemas import ExternalId, In, Instant, KeyOrId, Out, Source

RESPONSE_ID = "0198c0de-6300-7c44-9f3a-2f6f0c1f7a01"
_SURVEY = "0198c0de-6100-7c44-9f3a-2f6f0c1f7a01"
_CONTACT = "0198c0de-0004-7a3b-8c4d-5e6f708192a3"
_ACCOUNT = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"
_ANSWERS: dict[str, Any] = {"score": 9, "comment": "Your people answer at once."}
Answers = Annotated[
    dict[str, Any],
    Field(
        max_length=50,
        description="What was said, by the keys of the questions: a whole number of a scale, the"
        " key of an option or a list of them, a text, a number, or a day such as 2026-03-02. One"
        " that is null or left out was not answered.",
    ),
]


class SurveyResponseFields(In):
    """What somebody answered to a survey, and who."""

    survey_id: KeyOrId = Field(description="The id or the key of the survey.")
    question_version: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="The version of the questions that were answered; null: that of now.",
    )
    contact_id: UUID | None = Field(default=None, description="Who answered; null: it is unknown.")
    contact_external_id: ExternalId | None = Field(
        default=None, description="The contact by their `external_id`, in place of `contact_id`."
    )
    account_id: UUID | None = Field(
        default=None, description="The account they are of; null: that of the invitation, if any."
    )
    account_external_id: ExternalId | None = Field(
        default=None, description="The account by its `external_id`, in place of `account_id`."
    )
    answers: Answers
    responded_at: Instant | None = Field(
        default=None,
        description="When they answered, by the workspace's clock, which has come; null: now.",
    )
    source: Source | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for kind in ("contact", "account"):
            if getattr(self, f"{kind}_id") and getattr(self, f"{kind}_external_id"):
                raise ValueError(f"Say `{kind}_id` or `{kind}_external_id`, not both.")
        return self


class SurveyResponsePut(SurveyResponseFields):
    """What somebody answered to a survey: created, or put in place of what they said before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"survey_id": _SURVEY, "contact_id": _CONTACT, "answers": _ANSWERS}]
        }
    )


class SurveyResponseIn(SurveyResponseFields):
    """What somebody answered to a survey."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "survey_id": _SURVEY,
                    "contact_id": _CONTACT,
                    "account_id": _ACCOUNT,
                    "answers": _ANSWERS,
                },
                {
                    "survey_id": _SURVEY,
                    "account_id": _ACCOUNT,
                    "answers": {"score": 6},
                    "responded_at": "2026-02-20T09:00:00Z",
                    "external_id": "delighted-4711",
                    "source": "delighted",
                },
            ]
        }
    )

    external_id: ExternalId | None = Field(
        default=None, description="The id of the response in your system, unique in the workspace."
    )
    invitation_id: UUID | None = Field(
        default=None, description="The invitation that is answered, which says who they are."
    )


class ErasureIn(In):
    """Whose answers are to be forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contact_id": _CONTACT}]})

    contact_id: UUID = Field(description="The contact, living or deleted.")


class ErasureOut(Out):
    """What was forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"erased": 2}]})

    erased: int = Field(description="How many responses are of nobody now.")


_SHOWN: dict[str, Any] = {
    "id": RESPONSE_ID,
    "survey_id": _SURVEY,
    "question_version": 1,
    "contact_id": _CONTACT,
    "account_id": _ACCOUNT,
    "invitation_id": None,
    "external_id": None,
    "source": None,
    "answers": _ANSWERS,
    "score": 9,
    "comment": _ANSWERS["comment"],
    "responded_at": "2026-03-02T09:00:00Z",
    "erased_at": None,
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class SurveyResponseOut(Out):
    """What somebody answered to a survey."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: UUID
    survey_id: UUID = Field(description="The id of the survey.")
    question_version: int = Field(description="The version of the questions that were answered.")
    contact_id: UUID | None = Field(description="Who answered; null: it is not known.")
    account_id: UUID | None = Field(description="The account they are of; null: none is known.")
    invitation_id: UUID | None = Field(
        description="The invitation that was answered; null: it came without one."
    )
    external_id: str | None = Field(
        description="The id of the response in your system; null: it has none."
    )
    source: str | None = Field(description="Where it comes from; null: a link, or nobody said.")
    answers: dict[str, Any] = Field(description="What was said, by the keys of the questions.")
    score: int | None = Field(description="The score; null of a survey that has none.")
    comment: str | None = Field(description="The first text; null: there is none.")
    responded_at: datetime = Field(
        description="When they answered first, by the workspace's clock."
    )
    erased_at: datetime | None = Field(
        description="Since when it is of nobody and holds no text; null: it was not erased."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class AnswerVersion(Out):
    """What was said at a time."""

    version: int
    question_version: int = Field(description="The version of the questions that were answered.")
    answers: dict[str, Any] = Field(description="What was said, by the keys of the questions.")
    score: int | None = Field(description="The score; null of a survey that has none.")
    effective_at: datetime = Field(description="Since when, by the workspace's clock.")


class SurveyResponseDetail(SurveyResponseOut):
    """What somebody answered to a survey, and what they had said before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_SHOWN,
                    "history": [
                        {
                            "version": 1,
                            "question_version": 1,
                            "answers": _ANSWERS,
                            "score": 9,
                            "effective_at": "2026-03-02T09:00:00Z",
                        }
                    ],
                }
            ]
        }
    )

    history: list[AnswerVersion] = Field(description="Every version, the first one first.")
