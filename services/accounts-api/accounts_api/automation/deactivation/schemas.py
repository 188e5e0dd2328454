from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    DateField,
    Progress,
    RuleFault,
    WrittenRule,
)
from shared.schemas import In, Out, Patch, Title

RuleIn = Annotated[WrittenRule, Field(description="A rule over contacts, as JSON or as text.")]

_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a03"
_CONTACT = "0198c0de-0004-7a3b-8c4d-5e6f708192a3"
_TEXT = 'email_status = "complained"'
_RULE: dict[str, Any] = {"field": "email_status", "op": "eq", "value": "complained"}
_GIVEN: dict[str, Any] = {"title": "Complained about our mail", "rule": _TEXT}
_STORED: dict[str, Any] = {
    "id": _ID,
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
    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    title: Title
    rule: RuleIn
    since_field: DateField | None = Field(
        default=None,
        description="A date of the contact from which it is deactivated, such as `traits.left_on`;"
        " without it, the instant when the rule first matched.",
    )


class DeactivationRulePatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": 'email_status in ("complained", "bounced")'}]}
    )

    title: Title = ""
    rule: RuleIn = ""
    since_field: DateField | None = None


class DeactivationRuleOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_STORED]})

    id: UUID
    title: str
    rule: dict[str, Any]
    rule_text: str
    since_field: str | None
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; it is left out until it is mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class DeactivationRulesOut(Out):
    """The older first, which is the order in which they decide."""

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

    data: list[DeactivationRuleOut]
    progress: Progress | None


class DeactivationRuleDraft(In):
    rule: RuleIn


class DeactivationPreviewIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"rules": [{"rule": _TEXT}]}]})

    rules: list[DeactivationRuleDraft] = Field(
        max_length=50, description="The whole set, as it would be."
    )


class ContactSample(Out):
    id: UUID
    name: str


class DeactivationPreviewOut(Out):
    """What a set of rules would do. `deactivated` counts those whom people put out, too."""

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

    contacts: int
    deactivated: int
    deactivating: int
    reactivating: int
    deactivating_samples: list[ContactSample]
    reactivating_samples: list[ContactSample]


class DeactivationRuleVerdict(Out):
    rule_id: UUID
    title: str
    verdict: bool
    explanation: dict[str, Any]


class DeactivationExplanationOut(Out):
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
    decided_by: UUID | None = Field(description="The rule that decides now; null: none matches.")
    manual: bool = Field(
        description="A person, or another system, deactivated it: no rule takes that back."
    )
    rules: list[DeactivationRuleVerdict]
