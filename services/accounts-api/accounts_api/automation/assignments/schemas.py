from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.assignments.rules import Algorithm, Policy
from accounts_api.evaluation.rule_sets.schemas import RuleFault, WrittenRule
from shared.schemas import In, Minor, Out, Patch, Title

RuleIn = Annotated[WrittenRule, Field(description="A rule over accounts, as JSON or as text.")]
Pool = Annotated[
    list[UUID],
    Field(max_length=200, description="Among whom `algorithm` chooses; those who left are not."),
]
Position = Annotated[int, Field(ge=1, le=1000, description="Of several rules the first decides.")]

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
    "position": 1,
    "title": "Large accounts",
    "rule": {"field": "arr", "op": "gt", "value": "50000"},
    "rule_text": _TEXT,
    "member_id": None,
    "algorithm": "fewest_accounts",
    "pool": [_ADA, _GRACE],
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


class AssignmentRuleDraft(In):
    """Who gets the accounts of a rule: one member, or one of a pool by an algorithm."""

    rule: RuleIn
    member_id: UUID | None = Field(default=None, description="Always this one.")
    algorithm: Algorithm | None = Field(
        default=None,
        description="`fewest_accounts` and `least_managed_revenue` count living accounts on which"
        " the member holds this role, revenue in the workspace's currency only; who is first by"
        " name, then by id, wins a tie. `round_robin` goes through the pool as it is listed.",
    )
    pool: Pool = []
    policy: Policy = Field(
        default="when_empty",
        description="`when_empty`: only where nobody who is still here holds the role. `always`:"
        " also in place of another holder; one who is in the pool stays.",
    )


class AssignmentRuleIn(AssignmentRuleDraft):
    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    title: Title
    position: Position | None = Field(default=None, description="Null: behind the others.")


class AssignmentRulePatch(Patch):
    """A member and an algorithm replace each other."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policy": "always"}]})

    title: Title = ""
    position: Position = 1
    rule: RuleIn = ""
    member_id: UUID | None = None
    algorithm: Algorithm | None = None
    pool: Pool = []
    policy: Policy = "when_empty"


class AssignmentRuleOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_RULE]})

    id: UUID
    position: int
    title: str
    rule: dict[str, Any]
    rule_text: str
    member_id: UUID | None
    algorithm: Algorithm | None
    pool: list[UUID]
    policy: Policy
    faults: list[RuleFault] = Field(
        description="Why the rule can no longer be used: it is left out until it is mended, or,"
        " with `no_eligible_member`, finds nobody to choose."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class AssignmentProgress(Out):
    """How far the latest evaluation of every account has come, and what it is for. `learn` records
    which rule each account satisfies already, `apply` also assigns holders, and `recheck` is the
    nightly self-check.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_PROGRESS]})

    purpose: str
    state: str
    processed: int
    total: int | None
    started_at: datetime
    finished_at: datetime | None
    assigned: int = Field(description="Accounts that got a holder by it.")
    unassigned: int = Field(description="Accounts of a rule of whom nobody is left to choose.")


class AssignmentRulesOut(Out):
    """In the order in which they decide."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_RULE], "progress": _PROGRESS}]}
    )

    data: list[AssignmentRuleOut]
    progress: AssignmentProgress | None


class AssignmentPreviewIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    rules: Annotated[list[AssignmentRuleDraft], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="The whole list, as it would be. Null: as it is stored."
    )


class AssignmentShare(Out):
    member_id: UUID
    full_name: str
    assigned: int = Field(description="Accounts that would be assigned to them.")
    total_accounts: int = Field(description="Accounts they would hold the role on then.")
    revenue: Minor = Field(description="Of those accounts, in the workspace's currency.")


class AssignmentSample(Out):
    account_id: UUID
    name: str
    member_id: UUID
    rule: int = Field(description="Place of the deciding rule in the list, from 0.")


class AssignmentPreviewOut(Out):
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

    assigned: int
    kept: int = Field(description="Accounts of a rule that keep the holder they have.")
    unassigned: int = Field(description="Accounts of a rule of whom nobody is left to choose.")
    members: list[AssignmentShare]
    samples: list[AssignmentSample] = Field(description="Some of those that would be assigned.")
