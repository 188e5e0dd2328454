"""What the tasks service tells."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import ConfigurationChanged, Event


class _Task(Event):
    task_id: UUID
    title: str
    cause: str | None
    subject_type: str | None
    subject_id: UUID | None
    account_id: UUID | None
    assignee_id: UUID | None


class TaskOpened(_Task):
    name: ClassVar[str] = "tasks.task_opened.v1"
    public_name: ClassVar[str | None] = "task.opened"

    due_at: datetime | None


class TaskCompleted(_Task):
    name: ClassVar[str] = "tasks.task_completed.v1"
    public_name: ClassVar[str | None] = "task.completed"

    outcome: str | None
    completed_by: UUID | None


class TaskClosed(_Task):
    """The cause went away, so the task closed itself."""

    name: ClassVar[str] = "tasks.task_closed.v1"
    public_name: ClassVar[str | None] = "task.closed"

    reason: Literal["cause_cleared", "cancelled"]


class TaskBreached(_Task):
    """The due instant passed with the task still open. Told once per due instant."""

    name: ClassVar[str] = "tasks.task_breached.v1"
    public_name: ClassVar[str | None] = "task.breached"

    due_at: datetime


class NoteLogged(Event):
    name: ClassVar[str] = "tasks.note_logged.v1"
    public_name: ClassVar[str | None] = "note.logged"

    note_id: UUID
    template_key: str | None
    subject_type: str
    subject_id: UUID
    account_id: UUID | None
    author_id: UUID | None
    field_values: dict[str, object] = Field(default_factory=dict)


class TasksConfigured(ConfigurationChanged):
    name: ClassVar[str] = "tasks.configuration_changed.v1"
    service: ClassVar[str] = "tasks"
