from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.automation.assignments.rules import AssignmentAlgorithm
from accounts_api.evaluation.rule_sets.schemas import JobState
from accounts_api.evaluation.usages.schemas import UsageOut
from accounts_api.identity.members.schemas import Pool
from accounts_api.records.requests.schemas import TraitKey
from shared.schemas import In, Minor, Out
from shared.settings import ServiceName

_ID = "0198c0de-0520-7a3b-8c4d-5e6f708192a3"
_ADA = "0198c0de-0009-7a3b-8c4d-5e6f708192a3"
_GRACE = "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"
_ROLE: dict[str, Any] = {"key_role": "csm", "title": "CSM", "accounts": 31, "revenue": 4_800_000}


class Successor(In):
    """One member, or one of a pool by an algorithm for each account, or nobody."""

    member_id: UUID | None = Field(
        default=None,
        description="The member who takes the accounts. Null with `algorithm` or `unassigned`.",
    )
    algorithm: AssignmentAlgorithm | None = Field(
        default=None,
        description="How one of `pool` is chosen for each account. Null with `member_id` or"
        " `unassigned`.",
    )
    pool: Pool = []
    unassigned: bool = Field(default=False, description="True leaves the key role empty.")


class HandoverIn(In):
    """Who takes what a leaving member holds."""

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
        default={}, description="Who takes each key role, by its key."
    )
    default_successor: Successor | None = Field(
        default=None, description="Who takes the key roles that `successors` does not name."
    )
    tasks_to: UUID | None = Field(
        default=None,
        description="Who gets the open tasks that no new holder of a key role takes. Null: nobody,"
        " they wait in the queue.",
    )


class HeldRole(Out):
    """A key role that the member holds, and on how much."""

    key_role: str = Field(description="The key of the key role, such as `csm`.")
    title: str = Field(description="What people call the key role.")
    accounts: int = Field(description="How many accounts the member holds it on.")
    revenue: Minor = Field(
        description="The revenue of these accounts in minor units of the workspace's currency."
    )


class OpenTasks(Out):
    """The member's open tasks."""

    open: int = Field(description="How many open tasks the member has.")
    by_key_role: dict[str, int] = Field(
        description="How many of them were assigned by a key role, by its key; they go to its new"
        " holder."
    )


class OpenEnrollments(Out):
    """The records on their way through a sequence whose mails this member's mailbox sends."""

    by_key_role: dict[str, int] = Field(
        description="How many of them follow the new holder of a key role, by its key."
    )
    own_mailbox: int = Field(
        description="How many are in sequences that name a mailbox of the member: give those"
        " another sender."
    )


class HandoverHoldings(Out):
    """What a member would hand over."""

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
    key_roles: list[HeldRole] = Field(description="The key roles that the member holds, by key.")
    planned_holdings: int = Field(
        description="How many holdings of the member are planned to begin: they become the"
        " successors'."
    )
    assignment_rules: list[UsageOut] = Field(
        description="Rules that choose the member; once the member is deactivated they no longer"
        " do."
    )
    tasks: OpenTasks | None = Field(
        description="The member's open tasks; null when the tasks service could not be asked."
    )
    enrollments: OpenEnrollments | None = Field(
        description="Records in sequences that the member's mailbox sends; null when the sequencer"
        " could not be asked."
    )
    not_asked: list[ServiceName] = Field(
        description="Services that did not answer: what they hold is missing here."
    )


class SuccessorShare(Out):
    """What a successor would get, and have then."""

    member_id: UUID
    full_name: str = Field(description="The successor's name.")
    assigned: int = Field(description="How many accounts the successor would take.")
    total_accounts: int = Field(
        description="How many accounts the successor would hold the key role on then."
    )
    has_mailbox: bool | None = Field(
        description="Whether mails can go on in the successor's name; null when the sequencer could"
        " not be asked."
    )


class RolePreview(HeldRole):
    """A key role that would be handed over, and who would take it."""

    successors: list[SuccessorShare] = Field(description="What each successor would get, by name.")
    unassigned: int = Field(description="How many accounts would have nobody in the key role.")


class HandoverPreview(Out):
    """Who would take what, if the handover were started now."""

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

    key_roles: list[RolePreview] = Field(
        description="The key roles that the member holds, by key, and who would take them."
    )
    tasks: OpenTasks | None = Field(
        description="The member's open tasks; null when the tasks service could not be asked."
    )
    enrollments: OpenEnrollments | None = Field(
        description="Records in sequences that the member's mailbox sends; null when the sequencer"
        " could not be asked."
    )
    not_asked: list[ServiceName] = Field(
        description="Services that did not answer: what they hold is missing here."
    )


class HandoverOut(Out):
    """A handover: the job that moves what a member holds to the successors. Tasks and mails follow
    when it is done.
    """

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
    state: JobState = Field(description="Whether accounts are still being moved.")
    processed: int = Field(
        description="How many accounts were dealt with, each key role by itself."
    )
    total: int = Field(
        description="How many accounts there were to deal with, each key role by itself."
    )
    skipped: int = Field(description="How many accounts stayed, because nobody was left to choose.")
    moved: dict[str, dict[str, int]] = Field(
        description="How many accounts each successor got, by key role and member; `unassigned`"
        " among them."
    )
    tasks_to: UUID | None = Field(
        description="Who gets the open tasks that no new holder of a key role takes; null when they"
        " wait in the queue."
    )
    started_at: datetime = Field(description="When the handover was started.")
    finished_at: datetime | None = Field(
        description="When the last account was dealt with; null while it runs."
    )
