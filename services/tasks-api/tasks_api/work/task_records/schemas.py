from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation, StringConstraints
from typing_extensions import TypeAliasType

from shared.bulk import RowsIn, rows_field
from shared.schemas import Instant, Slug, Title
from tasks_api.records.upserts.schemas import Fields, Identified
from tasks_api.work.tasks.rows import TaskPriority
from tasks_api.work.tasks.schemas import BODY, CATEGORY, DUE_AT, TAGS, TITLE, Body, Tag

EXAMPLE: dict[str, Any] = {
    "title": "Agree the renewal with Ann",
    "source": "catalyst",
    "subject_type": "account",
    "subject_external_id": "0015g00000XyZ1AAAV",
    "status": "completed",
    "authored_at": "2023-05-02T08:00:00Z",
    "ended_at": "2023-05-11T15:30:00Z",
    "outcome": "Renewed",
}


RowTaskStatus = TypeAliasType(
    "RowTaskStatus",
    Annotated[
        Literal["open", "completed"],
        Field(
            description="What a row may say of a task. `completed` ends it; one that has ended is"
            " not opened again."
        ),
    ],
)


class TaskFields(Fields):
    """What is to be so of a task: a field left out stays as it is."""

    title: Annotated[Title, TITLE] = ""
    body: Annotated[Body, BODY] = ""
    priority: TaskPriority = "normal"
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Tag], Field(max_length=20), TAGS] = []
    assignee_id: Annotated[
        UUID | None,
        Field(
            description="The member who is to do it, or who did: of a task that is open, an active"
            " one. Null: it waits in the queue."
        ),
    ] = None
    assignee_key_role: Annotated[
        Slug | None,
        Field(description="Assigned to whoever holds this key role on the account."),
    ] = None
    due_at: Annotated[Instant | None, DUE_AT] = None
    status: RowTaskStatus = "open"
    outcome: Annotated[
        Annotated[str, StringConstraints(max_length=500)] | None,
        Field(description="What came of it, of one that is completed."),
    ] = None
    ended_at: Annotated[
        Instant | None,
        Field(
            description="When it was completed; left out: now. To name another instant takes"
            " `members:write`."
        ),
    ] = None
    ended_by: Annotated[
        UUID | None,
        Field(
            description="The member who completed it, also one who has left. To name somebody else"
            " takes `members:write`."
        ),
    ] = None


class TaskUpsert(TaskFields):
    """The task that has an external id, as it is to be: a field left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class TaskRow(TaskFields, Identified):
    """A row of a bulk write: the task by either of its ids, and what to change of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"external_id": "task-1001", **EXAMPLE}]}
    )


class TaskRows(RowsIn):
    """Rows of tasks to create or change."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rows": [{"external_id": "task-1001", **EXAMPLE}]}]}
    )

    rows: SkipValidation[list[TaskRow]] = rows_field()
