"""A task as it is stored, and what may be written of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict, get_args
from uuid import UUID

Status = Literal["open", "completed", "closed"]
STATUSES: tuple[Status, ...] = get_args(Status)
Priority = Literal["low", "normal", "high"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


@dataclass(frozen=True, slots=True)
class Task:
    workspace_id: UUID
    id: UUID
    title: str
    body: str
    status: Status
    priority: Priority
    category: str | None
    tags: list[str]
    cause: str | None
    dedupe_key: str | None
    source: Mapping[str, object]
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None
    assignee_key_role: str | None
    due_rule: Mapping[str, object] | None
    due_at: datetime | None
    breached_at: datetime | None
    snoozed_until: datetime | None
    data: Mapping[str, object]
    outcome: str | None
    opened_at: datetime
    ended_at: datetime | None
    ended_by: UUID | None
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
    status: Status
    priority: Priority
    category: str | None
    tags: list[str]
    assignee_id: UUID | None
    due_rule: Mapping[str, object] | None
    due_at: datetime | None
    breached_at: datetime | None
    snoozed_until: datetime | None
    data: Mapping[str, object]
    outcome: str | None
    ended_at: datetime
    ended_by: UUID | None


class TaskDetails(TypedDict, total=False):
    """What is left out is null, or the default of its column."""

    priority: Priority
    category: str | None
    tags: list[str]
    source: Mapping[str, object]
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None
    assignee_key_role: str | None
    due_rule: Mapping[str, object] | None
    data: Mapping[str, object]


class NewTask(TaskDetails, total=False):
    title: str
    body: str
    cause: str
    dedupe_key: str | None
