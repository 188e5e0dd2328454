from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.errors import Fault
from shared.lists.schemas import ListParams, SearchBody
from shared.schemas import ExternalId, In, Instant, OneLine, Out, Patch, Slug, Source, Title, Traits
from tasks_api.records.upserts.schemas import AUTHOR_ID, AUTHORED_AT, EXTERNAL_ID, TRAITS
from tasks_api.work.tasks.rows import TaskPriority, TaskStatus

SubjectType = Annotated[
    Slug,
    Field(
        description="What the task is about: a record type or one of your object types.",
        examples=["opportunity"],
    ),
]
Body = Annotated[str, StringConstraints(max_length=20_000)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]

TITLE: Any = Field(description="What is to be done, on one line.")
BODY: Any = Field(description="What whoever does it must know: plain text, empty when nothing.")
CATEGORY: Any = Field(description="A word of your own to group tasks by, such as `renewal`.")
TAGS: Any = Field(description="Words of your own, as many as 20.")
SUBJECT_ID: Any = Field(description="The id of the record that the task is about.")
DUE_AT: Any = Field(description="When it is to be done, in UTC; null: at no particular time.")


class TaskIn(In):
    """A task that a person or a client opens."""

    title: Annotated[Title, TITLE]
    body: Annotated[Body, BODY] = ""
    priority: TaskPriority = "normal"
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Tag], Field(max_length=20), TAGS] = []
    subject_type: Annotated[
        SubjectType | None,
        Field(description="The type of the record that the task is about; send `subject_id` too."),
    ] = None
    subject_id: Annotated[UUID | None, SUBJECT_ID] = None
    account_id: UUID | None = None
    assignee_id: Annotated[
        UUID | None,
        Field(
            description="The member who is to do it, who gets a notification. Null, without a key"
            " role: it waits in the queue."
        ),
    ] = None
    assignee_key_role: Annotated[
        Slug | None,
        Field(description="Assigned to whoever holds this key role on the account."),
    ] = None
    due_at: Annotated[Instant | None, DUE_AT] = None
    due_business_days: Annotated[
        int | None,
        Field(
            ge=0,
            le=250,
            description="Due so many business days after the assignee's next opening hour; instead"
            " of `due_at`.",
        ),
    ] = None
    dedupe_key: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=200), OneLine] | None,
        Field(description="At most one open task has this key; a second POST returns the first."),
    ] = None
    external_id: Annotated[ExternalId | None, EXTERNAL_ID] = None
    source: Source | None = None
    author_id: Annotated[UUID | None, AUTHOR_ID] = None
    authored_at: Annotated[Instant | None, AUTHORED_AT] = None
    traits: Traits = {}

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


Me = Annotated[
    Literal["me"] | None,
    Field(description="`me`: only tasks of whoever asks. Other members are named in `filter`."),
]


class TaskListParams(ListParams):
    """Which tasks, in which order."""

    assignee: Me = None


class TaskSearch(SearchBody):
    """Which tasks, in which order, in a body, where a long rule fits."""

    assignee: Me = None


class TaskPatch(Patch):
    """What changes of an open task: a field left out keeps its value."""

    title: Annotated[Title, TITLE] = ""
    body: Annotated[Body, BODY] = ""
    priority: TaskPriority = "normal"
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Tag], Field(max_length=20), TAGS] = []
    due_at: Annotated[Instant | None, DUE_AT] = None
    traits: Traits = {}


class Completion(In):
    """How a task ended."""

    outcome: Annotated[
        str | None,
        StringConstraints(max_length=500),
        Field(description="What came of it, for whoever reads the task later."),
    ] = None


class Reassignment(In):
    """Who does a task from now on."""

    assignee_id: UUID = Field(description="The active member who is to do it.")


class Snooze(In):
    """How long a task is hidden."""

    until: Annotated[
        Instant,
        Field(description="Hidden until then from `not (snoozed_until is future)`; past: awake."),
    ]


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
    "external_id": None,
    "source": None,
    "opened_by": {"type": "sequence", "id": "0198c0de-3333-7000-8000-000000000003"},
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
    "traits": {"effort": "small"},
    "outcome": None,
    "author_id": None,
    "authored_at": "2026-03-02T09:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


class TaskOut(Out):
    """Something that a person must do. Tenure opens one per cause, and closes it when that goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TASK]})

    id: UUID
    title: Annotated[str, TITLE]
    body: Annotated[str, BODY]
    status: TaskStatus
    priority: TaskPriority
    category: Annotated[str | None, CATEGORY]
    tags: Annotated[list[str], TAGS]
    cause: str | None = Field(
        description="Why Tenure opened it, such as `no_deal_room`; null when a client did."
    )
    dedupe_key: str | None = Field(
        description="At most one open task has this key; null: it may be there several times."
    )
    external_id: str | None = Field(description="Its id in your system; null: it has none there.")
    source: str | None = Field(
        description="Where it comes from, such as `catalyst`; null when nobody said."
    )
    opened_by: dict[str, Any] = Field(
        description="What opened it: `type` (`person`, `sequence`, `opportunity`, `note` or"
        " `accounts`) and the `id` of that."
    )
    subject_type: str | None = Field(
        description="The type of what it is about: a record type, one of your object types or"
        " `message`."
    )
    subject_id: UUID | None = Field(description="The id of what it is about.")
    account_id: UUID | None = Field(description="The account it concerns; null when none.")
    assignee_id: UUID | None = Field(description="The member who is to do it; null: nobody yet.")
    assignee_key_role: str | None = Field(
        description="The key role by whose holder it is assigned; null: not by a role."
    )
    due_rule: dict[str, Any] | None = Field(
        description='What `due_at` follows from: `{"business_days": 2}` after it was opened, or'
        ' `{"at": …}`.'
    )
    due_at: Annotated[datetime | None, DUE_AT]
    breached_at: datetime | None = Field(
        description="When it was found open after `due_at`; a new `due_at` makes it null again."
    )
    snoozed_until: datetime | None = Field(
        description="Until when it is hidden; null: it never was."
    )
    data: dict[str, Any] = Field(description="Facts about its cause, for programs.")
    traits: Annotated[dict[str, Any], TRAITS]
    outcome: str | None = Field(
        description="What whoever completed it said; `cause_cleared` when it closed by itself."
    )
    author_id: UUID | None = Field(
        description="The member who wrote it; null when Tenure did, or a key without a member."
    )
    authored_at: datetime = Field(
        description="When it was opened, in UTC: here, or on the platform that it comes from."
    )
    ended_at: datetime | None = Field(
        description="When it was completed or closed; null while it is open."
    )
    ended_by: UUID | None = Field(
        description="The member who completed it; null when it is open, closed by itself, or was"
        " completed by a key without a member."
    )
    version: int
    created_at: datetime
    updated_at: datetime

    key_role_vacant: bool = Field(
        description="Nobody holds its key role: it waits for a holder, and the admins got a"
        " notification."
    )
