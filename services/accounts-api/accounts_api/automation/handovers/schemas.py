from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.assignments.rules import Algorithm
from accounts_api.automation.assignments.schemas import Pool
from accounts_api.evaluation.usages.schemas import UsageOut
from accounts_api.records.requests.schemas import TraitKey
from shared.schemas import In, Minor, Out
from shared.settings import ServiceName

_ID = "0198c0de-0520-7a3b-8c4d-5e6f708192a3"
_ADA = "0198c0de-0009-7a3b-8c4d-5e6f708192a3"
_GRACE = "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"
_ROLE: dict[str, Any] = {"key_role": "csm", "title": "CSM", "accounts": 31, "revenue": 4_800_000}


class Successor(In):
    """One member, or one of a pool by an algorithm for each account, or nobody."""

    member_id: UUID | None = None
    algorithm: Algorithm | None = None
    pool: Pool = []
    unassigned: bool = Field(default=False, description="The role stays empty.")


class HandoverIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "successors": {"csm": {"algorithm": "fewest_accounts", "pool": [_ADA, _GRACE]}},
                    "default_successor": {"member_id": _ADA},
                    "tasks_to": _ADA,
                }
            ]
        }
    )

    successors: Annotated[dict[TraitKey, Successor], Field(max_length=50)] = Field(
        default={}, description="By key role."
    )
    default_successor: Successor | None = Field(
        default=None, description="For the key roles that `successors` does not name."
    )
    tasks_to: UUID | None = Field(
        default=None,
        description="Who gets the open tasks that no new holder of a key role takes. Null: nobody,"
        " they wait in the queue.",
    )


class HeldRole(Out):
    key_role: str
    title: str
    accounts: int
    revenue: Minor = Field(description="Of these accounts, in the workspace's currency.")


class OpenTasks(Out):
    open: int
    by_key_role: dict[str, int] = Field(
        description="Those assigned by a key role go to its new holder."
    )


class OpenEnrollments(Out):
    """Records on their way through a sequence whose mails this member's mailbox sends."""

    by_key_role: dict[str, int] = Field(description="These follow the new holder of the key role.")
    own_mailbox: int = Field(
        description="Of sequences that name a mailbox of theirs: give those another sender."
    )


class HandoverHoldings(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "member_id": _GRACE,
                    "key_roles": [_ROLE],
                    "planned_holdings": 1,
                    "assignment_rules": [
                        {
                            "type": "assignment_rule",
                            "id": "0198c0de-0510-7a3b-8c4d-5e6f708192a3",
                            "title": "Large accounts",
                        }
                    ],
                    "tasks": {"open": 12, "by_key_role": {"csm": 9}},
                    "enrollments": {"by_key_role": {"csm": 4}, "own_mailbox": 0},
                    "not_asked": [],
                }
            ]
        }
    )

    member_id: UUID
    key_roles: list[HeldRole]
    planned_holdings: int = Field(
        description="Holdings of theirs that are planned to begin: the successors' then."
    )
    assignment_rules: list[UsageOut] = Field(
        description="Rules that choose them; once they are deactivated they no longer do."
    )
    tasks: OpenTasks | None = Field(description="Null: the tasks service could not be asked.")
    enrollments: OpenEnrollments | None = Field(
        description="Null: the sequencer could not be asked."
    )
    not_asked: list[ServiceName]


class SuccessorShare(Out):
    member_id: UUID
    full_name: str
    assigned: int
    total_accounts: int = Field(description="Accounts they would hold the role on then.")
    has_mailbox: bool | None = Field(
        description="Whether mails can go on in their name. Null: the sequencer could not be asked."
    )


class RolePreview(HeldRole):
    successors: list[SuccessorShare]
    unassigned: int = Field(description="Accounts whose role would be empty.")


class HandoverPreview(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key_roles": [
                        {
                            **_ROLE,
                            "successors": [
                                {
                                    "member_id": _ADA,
                                    "full_name": "Ada Lovelace",
                                    "assigned": 31,
                                    "total_accounts": 52,
                                    "has_mailbox": True,
                                }
                            ],
                            "unassigned": 0,
                        }
                    ],
                    "tasks": {"open": 12, "by_key_role": {"csm": 9}},
                    "enrollments": {"by_key_role": {"csm": 4}, "own_mailbox": 0},
                    "not_asked": [],
                }
            ]
        }
    )

    key_roles: list[RolePreview]
    tasks: OpenTasks | None
    enrollments: OpenEnrollments | None
    not_asked: list[ServiceName]


class HandoverOut(Out):
    """A job. Tasks and mails follow when it is done."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _ID,
                    "member_id": _GRACE,
                    "state": "done",
                    "processed": 31,
                    "total": 31,
                    "skipped": 0,
                    "moved": {"csm": {_ADA: 31}},
                    "tasks_to": _ADA,
                    "started_at": "2026-03-02T09:00:00Z",
                    "finished_at": "2026-03-02T09:00:01Z",
                }
            ]
        }
    )

    id: UUID
    member_id: UUID
    state: Literal["running", "done"]
    processed: int = Field(description="Accounts that were handled, each role by itself.")
    total: int
    skipped: int = Field(description="Accounts that stayed, because nobody was left to choose.")
    moved: dict[str, dict[str, int]] = Field(
        description="By key role, how many accounts each successor got; `unassigned` among them."
    )
    tasks_to: UUID | None
    started_at: datetime
    finished_at: datetime | None
