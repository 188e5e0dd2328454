"""A task as it is stored, and what may be written of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.value_types import literals

TaskStatus = TypeAliasType(
    "TaskStatus",
    Annotated[
        Literal["open", "completed", "closed"],
        Field(
            description="`open`: to be done. `completed`: by a person. `closed`: by itself, because"
            " its cause went away or the record that it is about was deleted."
        ),
    ],
)
STATUSES: Final[tuple[TaskStatus, ...]] = literals(TaskStatus)
TaskPriority = TypeAliasType(
    "TaskPriority",
    Annotated[
        Literal["low", "normal", "high"],
        Field(description="How much a task matters. A list is ordered by it only with `sort`."),
    ],
)
PRIORITIES: Final[tuple[TaskPriority, ...]] = literals(TaskPriority)


@dataclass(frozen=True, slots=True)
class Task:
    workspace_id: UUID
    id: UUID
    title: str
    body: str
    status: TaskStatus
    priority: TaskPriority
    category: str | None
    tags: list[str]
    cause: str | None
    dedupe_key: str | None
    external_id: str | None
    source: str | None
    opened_by: Mapping[str, object]
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None
    assignee_key_role: str | None
    due_rule: Mapping[str, object] | None
    due_at: datetime | None
    due_member_id: UUID | None
    breached_at: datetime | None
    snoozed_until: datetime | None
    data: Mapping[str, object]
    traits: Mapping[str, object]
    outcome: str | None
    author_id: UUID | None
    authored_at: datetime
    ended_at: datetime | None
    ended_by: UUID | None
    hidden_by: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @property
    def key_role_vacant(self) -> bool:
        """Nobody holds its key role: it waits for a holder."""
        return self.is_open and self.assignee_id is None and self.assignee_key_role is not None


class TaskChanges(TypedDict, total=False):
    title: str
    body: str
    status: TaskStatus
    priority: TaskPriority
    category: str | None
    tags: list[str]
    assignee_id: UUID | None
    due_rule: Mapping[str, object] | None
    due_at: datetime | None
    breached_at: datetime | None
    snoozed_until: datetime | None
    data: Mapping[str, object]
    traits: Mapping[str, object]
    outcome: str | None
    ended_at: datetime | None
    ended_by: UUID | None


class TaskDetails(TypedDict, total=False):
    """What is left out is null, or the default of its column."""

    priority: TaskPriority
    category: str | None
    tags: list[str]
    opened_by: Mapping[str, object]
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None
    assignee_key_role: str | None
    due_rule: Mapping[str, object] | None
    data: Mapping[str, object]
    traits: Mapping[str, object]
    external_id: str | None
    source: str | None
    author_id: UUID | None
    authored_at: datetime
    hidden_by: list[UUID]


class NewTask(TaskDetails, total=False):
    title: str
    body: str
    cause: str
    dedupe_key: str | None
