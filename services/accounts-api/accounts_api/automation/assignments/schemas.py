from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.automation.assignments.rules import AssignmentAlgorithm, AssignmentPolicy
from accounts_api.evaluation.rule_sets.schemas import (
    JobState,
    RuleFault,
    RuleJson,
    RuleText,
    WrittenRule,
)
from accounts_api.identity.members.schemas import Pool
from shared.schemas import In, Minor, NewKey, Out, OwnKey, Patch, Title

RuleIn = Annotated[WrittenRule, Field(description="A rule over accounts, as JSON or as text.")]
Position = Annotated[
    int,
    Field(
        ge=1, le=1000, description="The place of the rule, from 1; the first that matches decides."
    ),
]

_ID = "0198c0de-0510-7a3b-8c4d-5e6f708192a3"
_ADA = "0198c0de-0009-7a3b-8c4d-5e6f708192a3"
_GRACE = "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"
_TEXT = "arr > 50000"
_GIVEN: dict[str, Any] = {
    "title": "Large accounts",
    "rule": _TEXT,
    "algorithm": "fewest_accounts",
    "pool": [_ADA, _GRACE],
}
_RULE: dict[str, Any] = {
    "id": _ID,
    "key": "large_accounts",
    **_GIVEN,
    "position": 1,
    "rule": {"field": "arr", "op": "gt", "value": "50000"},
    "rule_text": _TEXT,
    "member_id": None,
    "policy": "when_empty",
    "faults": [],
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
_PROGRESS: dict[str, Any] = {
    "purpose": "apply",
    "state": "done",
    "processed": 400,
    "total": 400,
    "started_at": "2026-03-02T09:00:00Z",
    "finished_at": "2026-03-02T09:00:01Z",
    "assigned": 31,
    "unassigned": 0,
}


AssignmentPurpose = TypeAliasType(
    "AssignmentPurpose",
    Annotated[
        Literal["learn", "apply", "recheck"],
        Field(
            description="What an evaluation is for: `learn` records which rule each account"
            " satisfies already, `apply` also assigns holders, `recheck` is the nightly self-check."
        ),
    ],
)


class AssignmentRuleDraft(In):
    """Who gets the accounts of a rule: one member, or one of a pool by an algorithm."""

    rule: RuleIn
    member_id: UUID | None = Field(
        default=None, description="The member who gets the accounts, always. Null with `algorithm`."
    )
    algorithm: AssignmentAlgorithm | None = Field(
        default=None,
        description="`fewest_accounts` and `least_managed_revenue` count living accounts on which"
        " the member holds this role, revenue in the workspace's currency only; who is first by"
        " name, then by id, wins a tie. `round_robin` goes through the pool as it is listed.",
    )
    pool: Pool = []
    policy: AssignmentPolicy = Field(
        default="when_empty",
        description="`when_empty`: only where nobody who is still here holds the role. `always`:"
        " also in place of another holder; one who is in the pool stays.",
    )


class AssignmentRuleIn(AssignmentRuleDraft):
    """A rule that gives the accounts it matches a holder of a key role."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    key: NewKey = None
    title: Title = Field(description="What people call the rule.")
    position: Position | None = Field(default=None, description="Null: behind the others.")


class AssignmentRulePatch(Patch):
    """A member and an algorithm replace each other."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policy": "always"}]})

    title: Title = Field(default="", description="What people call the rule.")
    position: Position = 1
    rule: RuleIn = ""
    member_id: UUID | None = Field(
        default=None,
        description="The member who gets the accounts, always; it takes the place of `algorithm`"
        " and `pool`.",
    )
    algorithm: AssignmentAlgorithm | None = Field(
        default=None, description="How one of `pool` is chosen; it takes the place of `member_id`."
    )
    pool: Pool = []
    policy: AssignmentPolicy = Field(
        default="when_empty",
        description="Whether the rule decides only where nobody holds the role, or always.",
    )


class AssignmentRuleOut(Out):
    """An assignment rule: who gets the key role on the accounts for which a condition holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RULE]})

    id: UUID
    key: OwnKey
    position: int = Field(
        description="The place of the rule, from 1; of several that match, the first decides."
    )
    title: str = Field(description="What people call the rule.")
    rule: RuleJson
    rule_text: RuleText
    member_id: UUID | None = Field(
        description="The member who gets the accounts; null of a rule with an algorithm."
    )
    algorithm: AssignmentAlgorithm | None = Field(
        description="How one of `pool` is chosen; null of a rule with a member."
    )
    pool: list[UUID] = Field(
        description="The ids of the members among whom `algorithm` chooses; empty of a rule with a"
        " member."
    )
    policy: AssignmentPolicy = Field(
        description="Whether the rule decides only where nobody holds the role, or always."
    )
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used: it is left out until it is mended, or,"
        " with `no_eligible_member`, finds nobody to choose."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class AssignmentProgress(Out):
    """How far the latest evaluation of every account has come, and what it is for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROGRESS]})

    purpose: AssignmentPurpose = Field(description="What the evaluation is for.")
    state: JobState = Field(description="Whether the evaluation still runs.")
    processed: int = Field(description="How many accounts have been evaluated.")
    total: int | None = Field(
        description="How many accounts there are; null until the first batch has been evaluated."
    )
    started_at: datetime = Field(description="When the evaluation was begun.")
    finished_at: datetime | None = Field(
        description="When the evaluation was through; null while it runs."
    )
    assigned: int = Field(description="How many accounts got a holder by it.")
    unassigned: int = Field(
        description="How many accounts a rule matched and nobody was left to choose for."
    )


class AssignmentRulesOut(Out):
    """The assignment rules of a key role, in the order in which they decide."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_RULE], "progress": _PROGRESS}]}
    )

    data: list[AssignmentRuleOut] = Field(
        description="The rules, first the one that decides first."
    )
    progress: AssignmentProgress | None = Field(
        description="The latest evaluation of every account; null when there was none."
    )


class AssignmentPreviewIn(In):
    """The rules to try; none are stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    rules: Annotated[list[AssignmentRuleDraft], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="The whole list, as it would be; null tries the stored one."
    )


class AssignmentShare(Out):
    """What a member would get, and have then."""

    member_id: UUID
    full_name: str = Field(description="The member's name.")
    assigned: int = Field(description="How many accounts would be assigned to the member.")
    total_accounts: int = Field(
        description="How many accounts the member would hold the role on then."
    )
    revenue: Minor = Field(
        description="The revenue of those accounts in minor units of the workspace's currency."
    )


class AssignmentSample(Out):
    """An account that would be assigned."""

    account_id: UUID = Field(description="The id of the account.")
    name: str = Field(description="What the account is called.")
    member_id: UUID = Field(description="The id of the member who would get it.")
    rule: int = Field(description="The place of the deciding rule in the list, from 0.")


class AssignmentPreviewOut(Out):
    """Who would get which accounts, if the rules were applied now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "assigned": 1,
                    "kept": 12,
                    "unassigned": 0,
                    "members": [
                        {
                            "member_id": _ADA,
                            "full_name": "Ada Lovelace",
                            "assigned": 1,
                            "total_accounts": 7,
                            "revenue": 48_000_000,
                        }
                    ],
                    "samples": [
                        {
                            "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                            "name": "Acme",
                            "member_id": _ADA,
                            "rule": 0,
                        }
                    ],
                }
            ]
        }
    )

    assigned: int = Field(description="How many accounts would get a holder, or another one.")
    kept: int = Field(
        description="How many accounts a rule matches and that keep the holder they have."
    )
    unassigned: int = Field(
        description="How many accounts a rule matches and nobody is left to choose for."
    )
    members: list[AssignmentShare] = Field(
        description="What each member whom a rule names would get, by name."
    )
    samples: list[AssignmentSample] = Field(description="Some of those that would be assigned.")
