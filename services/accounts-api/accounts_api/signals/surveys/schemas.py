from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_checks.schemas import RuleIn
from accounts_api.evaluation.rule_sets.schemas import RuleFault, RuleJson, RuleText
from accounts_api.signals.surveys.rules import QuestionType, SurveyKind, usual_questions
from shared.schemas import IfUnreadable, In, NewKey, OneLine, OwnKey, Patch, Slug, StoredOut, Title

SURVEY_ID = "0198c0de-6100-7c44-9f3a-2f6f0c1f7a01"
_AUDIENCE: dict[str, Any] = {"field": "title", "op": "is_not_empty"}
_FATIGUE: dict[str, Any] = {
    "same_survey_days": 90,
    "any_survey_days": 30,
    "per_account": {"days": 30, "count": 5},
}
_SHOWN: dict[str, Any] = {
    "id": SURVEY_ID,
    "key": "would_you_recommend_us",
    "title": "Would you recommend us?",
    "description": None,
    "kind": "nps",
    "questions": usual_questions("nps"),
    "question_version": 1,
    "audience": _AUDIENCE,
    "audience_text": "title is not empty",
    "faults": [],
    "include_churned": False,
    "fatigue": _FATIGUE,
    "link_days": 60,
    "version": 1,
    "archived_at": None,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
    "unreadable": None,
}
Days = Annotated[int, Field(ge=1, le=3_650)]
Label = Annotated[str, Field(min_length=1, max_length=200), OneLine]
_Ends = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]


class Option(In):
    """One answer of a choice."""

    key: Slug = Field(description="The word that answers hold.")
    label: Label = Field(description="What people read.")


class SurveyQuestion(In):
    """One question of a survey."""

    key: Slug = Field(description="The word under which answers hold what was said.")
    text: Annotated[str, Field(min_length=1, max_length=500), OneLine] = Field(
        description="What people are asked."
    )
    type: QuestionType
    required: bool = Field(default=False, description="Whether it must be answered.")
    minimum: _Ends | None = Field(
        default=None, description="The least answer of a scale or a number; null of a number: any."
    )
    maximum: _Ends | None = Field(
        default=None,
        description="The greatest answer of a scale or a number; null of a number: any.",
    )
    low_label: Label | None = Field(
        default=None, description="What the least answer of a scale means; null: nobody said."
    )
    high_label: Label | None = Field(
        default=None, description="What the greatest answer of a scale means; null: nobody said."
    )
    options: list[Option] | None = Field(
        default=None, max_length=50, description="The answers of a choice; null of any other type."
    )


class AccountQuota(In):
    """How many people of an account may be asked."""

    days: Days = Field(description="In how many days, up to now.")
    count: int = Field(ge=1, le=10_000, description="How many invitations, of any survey.")


class SurveyFatigue(In):
    """How often anybody may be asked."""

    same_survey_days: Days | None = Field(
        default=90,
        description="For how many days a contact is not asked again by this survey; null: no"
        " limit.",
    )
    any_survey_days: Days | None = Field(
        default=30,
        description="For how many days a contact is not asked who was asked by any survey; null:"
        " no limit.",
    )
    per_account: AccountQuota | None = Field(
        default=None, description="How many people of an account may be asked; null: no limit."
    )


Questions = Annotated[list[SurveyQuestion], Field(max_length=50)]
_LINK_DAYS = "For how many days the link of an invitation can be answered."


class SurveyIn(In):
    """A survey to be created."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Would you recommend us?", "kind": "nps"},
                {
                    "title": "After onboarding",
                    "kind": "custom",
                    "questions": [
                        {
                            "key": "helped",
                            "text": "What helped you most?",
                            "type": "multi",
                            "options": [
                                {"key": "docs", "label": "The documentation"},
                                {"key": "people", "label": "Your people"},
                            ],
                        },
                        {"key": "missing", "text": "What was missing?", "type": "text"},
                    ],
                    "audience": "title is not empty",
                    "fatigue": _FATIGUE,
                },
            ]
        }
    )

    key: NewKey = None
    title: Title = Field(description="What people call the survey; those who are asked read it.")
    description: str | None = Field(
        default=None, max_length=2_000, description="What those who are asked read above it."
    )
    kind: SurveyKind
    questions: Questions | None = Field(
        default=None,
        description="What is asked, in this order. Null: the usual scale of the kind, and a text."
        " The first scale of a kind that has a score is its score, the first text its comment.",
    )
    audience: RuleIn | None = Field(
        default=None, description="A rule over contacts: who may be asked. Null: every contact."
    )
    include_churned: bool = Field(
        default=False, description="True asks contacts of accounts that have churned, too."
    )
    fatigue: SurveyFatigue = Field(
        default=SurveyFatigue(), description="How often anybody may be asked."
    )
    link_days: Days = Field(default=60, description=_LINK_DAYS)


class SurveyPatch(Patch):
    """The fields of a survey to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"fatigue": {"same_survey_days": 180}}]}
    )

    title: Title = Field(default="", description="What people call the survey.")
    description: str | None = Field(
        default=None,
        max_length=2_000,
        description="What those who are asked read above it; null takes it away.",
    )
    questions: Questions = Field(
        default_factory=list,
        description="All that is asked from now on; answers keep the questions they were given to.",
    )
    audience: RuleIn | None = Field(
        default=None, description="A rule over contacts; null: every contact."
    )
    include_churned: bool = Field(
        default=False, description="True asks contacts of accounts that have churned, too."
    )
    fatigue: SurveyFatigue = Field(
        default=SurveyFatigue(), description="The limits to change, each by itself."
    )
    link_days: Days = Field(default=60, description=_LINK_DAYS)


class SurveyOut(StoredOut):
    """A survey: what is asked, of whom, and how often."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the survey.")
    description: str | None = Field(
        description="What those who are asked read above it; null: nothing."
    )
    kind: SurveyKind
    questions: Annotated[list[SurveyQuestion], IfUnreadable([])] = Field(
        description="What is asked, in this order."
    )
    question_version: int = Field(
        description="Counts the changes of the questions; answers keep the one they were given to."
    )
    audience: RuleJson | None = Field(description="Who may be asked; null: every contact.")
    audience_text: RuleText | None = Field(description="The same as text.")
    faults: list[RuleFault] = Field(
        description="Why the audience can no longer be used; nobody is asked until it is mended."
    )
    include_churned: bool = Field(
        description="Whether contacts of accounts that have churned are asked, too."
    )
    fatigue: SurveyFatigue = Field(description="How often anybody may be asked.")
    link_days: int = Field(description=_LINK_DAYS)
    version: int
    archived_at: datetime | None = Field(
        description="When the survey was archived; null while it lives."
    )
    created_at: datetime
    updated_at: datetime
