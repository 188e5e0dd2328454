from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.lifecycle.rules import RuleStatus, Status
from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    DateField,
    Progress,
    RuleFault,
    WrittenRule,
)
from shared.schemas import In, Out, Patch, Title

RuleIn = Annotated[WrittenRule, Field(description="A rule over accounts, as JSON or as text.")]

_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a02"
_ACCOUNT = "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"
_RULE: dict[str, Any] = {"field": "traits.churned_on", "op": "past"}
_TEXT = "traits.churned_on is past"
_GIVEN: dict[str, Any] = {
    "title": "The churn date has passed",
    "status": "churned",
    "rule": _TEXT,
    "since_field": "traits.churned_on",
}
_LIFECYCLE_RULE: dict[str, Any] = {
    "id": _ID,
    "title": _GIVEN["title"],
    "status": "churned",
    "rule": _RULE,
    "rule_text": _TEXT,
    "since_field": "traits.churned_on",
    "end_field": None,
    "faults": [],
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class LifecycleRuleIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    title: Title
    status: RuleStatus = Field(
        description="An account that satisfies rules of several statuses is ignored before churned"
        " before trial; one that satisfies none is subscribed."
    )
    rule: RuleIn
    since_field: DateField | None = Field(
        default=None,
        description="A date of the account from which the status holds, such as"
        " `traits.churned_on`; without it, the instant when the rule first matched.",
    )
    end_field: DateField | None = Field(
        default=None,
        description="For trials: the date by which it should have become a subscription.",
    )


class LifecycleRulePatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": "traits.churned_on <= today"}]}
    )

    title: Title = ""
    rule: RuleIn = ""
    since_field: DateField | None = None
    end_field: DateField | None = None


class LifecycleRuleOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_LIFECYCLE_RULE]})

    id: UUID
    title: str
    status: RuleStatus
    rule: dict[str, Any]
    rule_text: str
    since_field: str | None
    end_field: str | None
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; it is left out until it is mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class LifecycleRulesOut(Out):
    """In the order in which they decide."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_LIFECYCLE_RULE], "progress": PROGRESS_EXAMPLE}]}
    )

    data: list[LifecycleRuleOut]
    progress: Progress | None


class LifecycleRuleDraft(In):
    status: RuleStatus
    rule: RuleIn


class LifecyclePreviewIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rules": [{"status": "churned", "rule": _TEXT}]}]}
    )

    rules: list[LifecycleRuleDraft] = Field(
        max_length=50, description="The whole set, as it would be."
    )


class StatusTransition(Out):
    """`accounts` that have status `before` and would have `after`."""

    before: Status
    after: Status
    accounts: int


class StatusTransitionSample(Out):
    id: UUID
    name: str
    before: Status
    after: Status


class LifecyclePreviewOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "counts": {"subscribed": 388, "trial": 0, "churned": 12, "ignored": 0},
                    "transitions": [{"before": "subscribed", "after": "churned", "accounts": 12}],
                    "samples": [
                        {
                            "id": _ACCOUNT,
                            "name": "Acme",
                            "before": "subscribed",
                            "after": "churned",
                        }
                    ],
                }
            ]
        }
    )

    counts: dict[Status, int]
    transitions: list[StatusTransition]
    samples: list[StatusTransitionSample] = Field(description="Some of those that would move.")


class LifecycleRuleVerdict(Out):
    rule_id: UUID
    title: str
    status: RuleStatus
    verdict: bool
    explanation: dict[str, Any]


class StatusPeriod(Out):
    status: Status
    started_at: datetime
    ended_at: datetime | None
    rule_id: UUID | None
    trial_ends_at: datetime | None = Field(
        description="Of a trial whose rule maps an end: from this instant it is unconverted."
    )


class UnconvertedTrialOut(Out):
    """A trial past its end that is neither subscribed nor churned."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": _ACCOUNT,
                    "name": "Acme",
                    "external_id": "crm-1001",
                    "started_at": "2026-02-01T00:00:00Z",
                    "trial_ends_at": "2026-03-01T00:00:00Z",
                }
            ]
        }
    )

    account_id: UUID
    name: str
    external_id: str | None
    started_at: datetime
    trial_ends_at: datetime


class LifecycleExplanationOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": _ACCOUNT,
                    "status": "churned",
                    "since": "2026-02-27T23:00:00Z",
                    "decided_by": _ID,
                    "unconverted": False,
                    "rules": [
                        {
                            "rule_id": _ID,
                            "title": _GIVEN["title"],
                            "status": "churned",
                            "verdict": True,
                            "explanation": {
                                "text": _TEXT,
                                "condition": _RULE,
                                "verdict": True,
                                "actual": {
                                    "field": "traits.churned_on",
                                    "value": "2026-02-28",
                                    "to": "2026-03-01",
                                },
                            },
                        }
                    ],
                    "status_periods": [
                        {
                            "status": "churned",
                            "started_at": "2026-02-27T23:00:00Z",
                            "ended_at": None,
                            "rule_id": _ID,
                            "trial_ends_at": None,
                        }
                    ],
                }
            ]
        }
    )

    account_id: UUID
    status: Status
    since: datetime | None
    decided_by: UUID | None = Field(description="The rule that decides now; null: the default.")
    unconverted: bool = Field(description="A trial past its end.")
    rules: list[LifecycleRuleVerdict]
    status_periods: list[StatusPeriod]
