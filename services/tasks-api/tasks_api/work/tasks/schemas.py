from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.errors import Fault
from shared.schemas import In, Instant, OneLine, Out, Patch, Slug, Title
from tasks_api.work.tasks.rows import Priority, Status

SubjectType = Annotated[
    Slug,
    Field(
        description="A record type or one of your object types.",
        examples=["opportunity"],
    ),
]
Body = Annotated[str, StringConstraints(max_length=20_000)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]


class TaskIn(In):
    title: Title
    body: Body = ""
    priority: Priority = "normal"
    category: Title | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    subject_type: SubjectType | None = None
    subject_id: UUID | None = None
    account_id: UUID | None = None
    assignee_id: UUID | None = None
    assignee_key_role: Annotated[
        Slug | None,
        Field(description="Assigned to whoever holds this key role on the account."),
    ] = None
    due_at: Instant | None = None
    due_business_days: Annotated[
        int | None,
        Field(ge=0, le=250, description="Counted from the assignee's next opening hour."),
    ] = None
    dedupe_key: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=200),
        OneLine,
        Field(description="At most one open task has this key; a second POST returns the first."),
    ] = None

    def faults(self) -> list[Fault]:
        """What does not go together."""
        found = []
        if self.due_at is not None and self.due_business_days is not None:
            message = "Give due_at or due_business_days, not both."
            found.append(Fault("/due_business_days", "one_of", message))
        if self.assignee_id is not None and self.assignee_key_role is not None:
            message = "Give assignee_id or assignee_key_role, not both."
            found.append(Fault("/assignee_key_role", "one_of", message))
        if self.assignee_key_role is not None and self.account_id is None:
            message = "assignee_key_role needs an account_id to find its holder."
            found.append(Fault("/account_id", "required", message))
        if (self.subject_type is None) != (self.subject_id is None):
            missing = "/subject_type" if self.subject_type is None else "/subject_id"
            message = "Give subject_type and subject_id together."
            found.append(Fault(missing, "required", message))
        return found


class TaskPatch(Patch):
    title: Title = ""
    body: Body = ""
    priority: Priority = "normal"
    category: Title | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] = []
    due_at: Instant | None = None


class Completion(In):
    outcome: Annotated[str | None, StringConstraints(max_length=500)] = None


class Reassignment(In):
    assignee_id: UUID


class Snooze(In):
    until: Instant


_TASK: dict[str, Any] = {
    "id": "0198c0de-2222-7000-8000-00000000a001",
    "title": "Create a deal room for Acme renewal 2026",
    "body": "The renewal sequence cannot start without a link to the deal room.",
    "status": "open",
    "priority": "normal",
    "category": None,
    "tags": [],
    "cause": "no_deal_room",
    "dedupe_key": "no_deal_room:0198c0de-0000-7000-8000-000000000007",
    "source": {"type": "sequence", "id": "0198c0de-3333-7000-8000-000000000003"},
    "subject_type": "opportunity",
    "subject_id": "0198c0de-0000-7000-8000-000000000007",
    "account_id": "0198c0de-0000-7000-8000-000000000001",
    "assignee_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "assignee_key_role": "csm",
    "key_role_vacant": False,
    "due_rule": {"business_days": 2},
    "due_at": "2026-03-04T09:00:00Z",
    "breached_at": None,
    "snoozed_until": None,
    "data": {},
    "outcome": None,
    "opened_at": "2026-03-02T09:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class TaskOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_TASK]})

    id: UUID
    title: str
    body: str
    status: Status
    priority: Priority
    category: str | None
    tags: list[str]
    cause: str | None
    dedupe_key: str | None
    source: dict[str, Any]
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None
    assignee_key_role: str | None
    due_rule: dict[str, Any] | None
    due_at: datetime | None
    breached_at: datetime | None
    snoozed_until: datetime | None
    data: dict[str, Any]
    outcome: str | None
    opened_at: datetime
    ended_at: datetime | None
    ended_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime

    key_role_vacant: bool = Field(
        description="Nobody holds its key role: it waits for a holder, and the admins got a"
        " notification."
    )
