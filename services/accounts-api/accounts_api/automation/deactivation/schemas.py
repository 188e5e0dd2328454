from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    DateField,
    EvaluationProgress,
    ExplanationJson,
    RuleFault,
    RuleJson,
    RuleText,
    WrittenRule,
)
from shared.schemas import In, NewKey, Out, OwnKey, Patch, Title

RuleIn = Annotated[WrittenRule, Field(description="A rule over contacts, as JSON or as text.")]

_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a03"
_CONTACT = "0198c0de-0004-7a3b-8c4d-5e6f708192a3"
_TEXT = 'email_status = "complained"'
_RULE: dict[str, Any] = {"field": "email_status", "op": "eq", "value": "complained"}
_GIVEN: dict[str, Any] = {"title": "Complained about our mail", "rule": _TEXT}
_STORED: dict[str, Any] = {
    "id": _ID,
    "key": "complained",
    "title": _GIVEN["title"],
    "rule": _RULE,
    "rule_text": _TEXT,
    "since_field": None,
    "faults": [],
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class DeactivationRuleIn(In):
    """A rule that deactivates the contacts it matches."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    key: NewKey = None
    title: Title = Field(description="What people call the rule.")
    rule: RuleIn
    since_field: DateField | None = Field(
        default=None,
        description="A date of the contact from which it is deactivated, such as `traits.left_on`;"
        " without it, the instant when the rule first matched.",
    )


class DeactivationRulePatch(Patch):
    """The fields of a deactivation rule to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": 'email_status in ("complained", "bounced")'}]}
    )

    title: Title = Field(default="", description="What people call the rule.")
    rule: RuleIn = ""
    since_field: DateField | None = Field(
        default=None,
        description="A date of the contact from which it is deactivated; null means the instant"
        " when the rule first matched.",
    )


class DeactivationRuleOut(Out):
    """A deactivation rule: contacts for which a condition holds are deactivated while it does."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STORED]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the rule.")
    rule: RuleJson
    rule_text: RuleText
    since_field: str | None = Field(
        description="A date of the contact from which it is deactivated; null means the instant"
        " when the rule first matched."
    )
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; it is left out until it is mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class DeactivationRulesOut(Out):
    """The deactivation rules, oldest first, which is the order in which they decide."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [_STORED],
                    "progress": PROGRESS_EXAMPLE,
                }
            ]
        }
    )

    data: list[DeactivationRuleOut] = Field(
        description="The rules, first the one that decides first."
    )
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every contact; null when there was none."
    )


class DeactivationRuleDraft(In):
    """A deactivation rule to try."""

    rule: RuleIn


class DeactivationPreviewIn(In):
    """A whole set of deactivation rules to try; none are stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rules": [{"rule": _TEXT}]}]})

    rules: list[DeactivationRuleDraft] = Field(
        max_length=50, description="The whole set, as it would be."
    )


class ContactSample(Out):
    """A contact that would move."""

    id: UUID = Field(description="The id of the contact.")
    name: str = Field(description="What the contact is called.")


class DeactivationPreviewOut(Out):
    """What a set of rules would do. `deactivated` counts those whom people deactivated, too."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contacts": 1200,
                    "deactivated": 31,
                    "deactivating": 4,
                    "reactivating": 0,
                    "deactivating_samples": [{"id": _CONTACT, "name": "Grace Hopper"}],
                    "reactivating_samples": [],
                }
            ]
        }
    )

    contacts: int = Field(description="How many contacts there are.")
    deactivated: int = Field(
        description="How many contacts would be deactivated, by a rule or a person."
    )
    deactivating: int = Field(description="How many contacts are active and would be deactivated.")
    reactivating: int = Field(description="How many contacts are deactivated and would be active.")
    deactivating_samples: list[ContactSample] = Field(
        description="Some of those that would be deactivated."
    )
    reactivating_samples: list[ContactSample] = Field(
        description="Some of those that would be active again."
    )


class DeactivationRuleVerdict(Out):
    """What one deactivation rule says of the contact."""

    rule_id: UUID = Field(description="The id of the rule.")
    title: str = Field(description="What people call the rule.")
    verdict: bool = Field(description="Whether the rule matches the contact now.")
    explanation: ExplanationJson


class DeactivationExplanationOut(Out):
    """Why a contact is deactivated or not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact_id": _CONTACT,
                    "deactivated_at": "2026-03-02T09:00:00Z",
                    "decided_by": _ID,
                    "manual": False,
                    "rules": [
                        {
                            "rule_id": _ID,
                            "title": _GIVEN["title"],
                            "verdict": True,
                            "explanation": {
                                "text": _TEXT,
                                "condition": _RULE,
                                "verdict": True,
                                "actual": {"field": "email_status", "value": "complained"},
                            },
                        }
                    ],
                }
            ]
        }
    )

    contact_id: UUID
    deactivated_at: datetime | None
    decided_by: UUID | None = Field(
        description="The id of the rule that decides now; null when none matches."
    )
    manual: bool = Field(
        description="True when a person or another system deactivated the contact: no rule takes"
        " that back."
    )
    rules: list[DeactivationRuleVerdict] = Field(
        description="What each rule says of the contact, in the order in which they decide."
    )
