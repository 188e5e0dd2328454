from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.lifecycle.rules import LifecycleRuleStatus
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
from shared.events.records import LifecycleStatus
from shared.schemas import In, NewKey, Out, OwnKey, Patch, Title

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
    "key": "churned",
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
    """A rule that gives the accounts it matches a lifecycle status."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    key: NewKey = None
    title: Title = Field(description="What people call the rule.")
    status: LifecycleRuleStatus = Field(
        description="The status that the rule gives. An account that satisfies rules of several"
        " statuses is ignored before churned before trial; one that satisfies none is"
        " subscribed."
    )
    rule: RuleIn
    since_field: DateField | None = Field(
        default=None,
        description="A date of the account from which the status holds, such as"
        " `traits.churned_on`; without it, the instant when the rule first matched.",
    )
    end_field: DateField | None = Field(
        default=None,
        description="The date by which a trial should have become a subscription; only of rules of"
        " the status `trial`.",
    )


class LifecycleRulePatch(Patch):
    """The fields of a lifecycle rule to change; one that is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": "traits.churned_on <= today"}]}
    )

    title: Title = Field(default="", description="What people call the rule.")
    rule: RuleIn = ""
    since_field: DateField | None = Field(
        default=None,
        description="A date of the account from which the status holds; null means the instant when"
        " the rule first matched.",
    )
    end_field: DateField | None = Field(
        default=None,
        description="The date by which a trial should have become a subscription; null means that"
        " no end is mapped.",
    )


class LifecycleRuleOut(Out):
    """A lifecycle rule: accounts for which a condition holds have a status while it does."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LIFECYCLE_RULE]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the rule.")
    status: LifecycleRuleStatus = Field(description="The status that the rule gives.")
    rule: RuleJson
    rule_text: RuleText
    since_field: str | None = Field(
        description="A date of the account from which the status holds; null means the instant when"
        " the rule first matched."
    )
    end_field: str | None = Field(
        description="The date by which a trial should have become a subscription; null means that"
        " no end is mapped."
    )
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used; it is left out until it is mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class LifecycleRulesOut(Out):
    """The lifecycle rules, in the order in which they decide."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_LIFECYCLE_RULE], "progress": PROGRESS_EXAMPLE}]}
    )

    data: list[LifecycleRuleOut] = Field(description="The rules, first the one that decides first.")
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every account; null when there was none."
    )


class LifecycleRuleDraft(In):
    """A lifecycle rule to try."""

    status: LifecycleRuleStatus = Field(description="The status that the rule gives.")
    rule: RuleIn


class LifecyclePreviewIn(In):
    """A whole set of lifecycle rules to try; none are stored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rules": [{"status": "churned", "rule": _TEXT}]}]}
    )

    rules: list[LifecycleRuleDraft] = Field(
        max_length=50, description="The whole set, as it would be."
    )


class StatusTransition(Out):
    """Accounts that have one status and would have another."""

    before: LifecycleStatus = Field(description="The status that they have.")
    after: LifecycleStatus = Field(description="The status that they would have.")
    accounts: int = Field(description="How many accounts these are.")


class StatusTransitionSample(Out):
    """An account that would move."""

    id: UUID = Field(description="The id of the account.")
    name: str = Field(description="What the account is called.")
    before: LifecycleStatus = Field(description="The status that it has.")
    after: LifecycleStatus = Field(description="The status that it would have.")


class LifecyclePreviewOut(Out):
    """What a set of lifecycle rules would do."""

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

    counts: dict[LifecycleStatus, int] = Field(
        description="How many accounts would have each status."
    )
    transitions: list[StatusTransition] = Field(
        description="How many accounts would move, from each status to each other."
    )
    samples: list[StatusTransitionSample] = Field(description="Some of those that would move.")


class LifecycleRuleVerdict(Out):
    """What one lifecycle rule says of the account."""

    rule_id: UUID = Field(description="The id of the rule.")
    title: str = Field(description="What people call the rule.")
    status: LifecycleRuleStatus = Field(description="The status that the rule gives.")
    verdict: bool = Field(description="Whether the rule matches the account now.")
    explanation: ExplanationJson


class StatusPeriod(Out):
    """A stretch of time in which an account had one status."""

    status: LifecycleStatus = Field(description="The status that the account had.")
    started_at: datetime = Field(description="When the status began, by the workspace's clock.")
    ended_at: datetime | None = Field(description="When the status ended; null while it lasts.")
    rule_id: UUID | None = Field(
        description="The id of the rule that decided; null when none matched."
    )
    trial_ends_at: datetime | None = Field(
        description="When the trial ends, of a trial whose rule maps an end: from this instant it"
        " is unconverted. Null otherwise."
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

    account_id: UUID = Field(description="The id of the account on trial.")
    name: str = Field(description="What the account is called.")
    external_id: str | None
    started_at: datetime = Field(description="When the trial began, by the workspace's clock.")
    trial_ends_at: datetime = Field(description="When the trial should have become a subscription.")


class LifecycleExplanationOut(Out):
    """Why an account has its lifecycle status."""

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
    status: LifecycleStatus = Field(description="The status that the account has.")
    since: datetime | None = Field(
        description="Since when it has the status, by the workspace's clock."
    )
    decided_by: UUID | None = Field(
        description="The id of the rule that decides now; null when none matches."
    )
    unconverted: bool = Field(description="True of a trial past its end.")
    rules: list[LifecycleRuleVerdict] = Field(
        description="What each rule says of the account, in the order in which they decide."
    )
    status_periods: list[StatusPeriod] = Field(
        description="The statuses that the account has and had, the latest first."
    )
