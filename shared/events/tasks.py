"""What the tasks service tells."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.base import ConfigurationChanged, Event

TaskCloseReason = TypeAliasType(
    "TaskCloseReason",
    Annotated[
        Literal["cause_cleared", "cancelled", "record_deleted"],
        Field(
            description="Why a task closed without a person: its cause went away, it was cancelled,"
            " or the record that it is about was deleted; it comes back with the record."
        ),
    ],
)


class _Task(Event):
    task_id: UUID = Field(description="The id of the task.")
    title: str = Field(description="What is to be done, on one line.")
    cause: str | None = Field(
        description="Why Tenure opened it, such as `no_deal_room`; null when a client did."
    )
    subject_type: str | None = Field(
        description="The type of what it is about, such as `opportunity`."
    )
    subject_id: UUID | None = Field(description="The id of what it is about.")
    account_id: UUID | None
    assignee_id: UUID | None = Field(description="The member who is to do it; null: nobody yet.")
    external_id: str | None = Field(
        default=None, description="Its id in your system; null: it has none there."
    )
    source: str | None = Field(
        default=None, description="Where it comes from, such as `catalyst`; null: nobody said."
    )
    author_id: UUID | None = Field(
        default=None,
        description="The member who wrote it; null when Tenure did, or a key without a member.",
    )
    authored_at: datetime | None = Field(
        default=None,
        description="When it was opened, in UTC: here, or on the platform that it comes from.",
    )
    traits: dict[str, object] = Field(
        default_factory=dict, description="The values of the workspace's own fields, by key."
    )


class TaskOpened(_Task):
    """There is something that a person must do."""

    name: ClassVar[str] = "tasks.task_opened.v1"
    public_name: ClassVar[str | None] = "task.opened"

    due_at: datetime | None = Field(
        description="When it is to be done, in UTC; null: at no particular time."
    )


class TaskCompleted(_Task):
    """A person completed a task."""

    name: ClassVar[str] = "tasks.task_completed.v1"
    public_name: ClassVar[str | None] = "task.completed"

    outcome: str | None = Field(description="What whoever completed it said; null: nothing.")
    completed_by: UUID | None = Field(
        description="The member who completed it; null: a key without a member."
    )
    completed_at: datetime | None = Field(
        default=None,
        description="When it was completed, in UTC: here, or on the platform that it comes from.",
    )


class TaskClosed(_Task):
    """A task closed itself: its cause went away, or the record that it is about."""

    name: ClassVar[str] = "tasks.task_closed.v1"
    public_name: ClassVar[str | None] = "task.closed"

    reason: TaskCloseReason


class TaskBreached(_Task):
    """The due instant passed with the task still open. Told once per due instant."""

    name: ClassVar[str] = "tasks.task_breached.v1"
    public_name: ClassVar[str | None] = "task.breached"

    due_at: datetime = Field(description="When it was to be done, in UTC.")


class NoteLogged(Event):
    """Somebody wrote a note that is not private."""

    name: ClassVar[str] = "tasks.note_logged.v1"
    public_name: ClassVar[str | None] = "note.logged"

    note_id: UUID = Field(description="The id of the note.")
    template_key: str | None = Field(description="The template it is written with; null: none.")
    subject_type: str = Field(description="The type of the record that it is about.")
    subject_id: UUID = Field(description="The id of the record that it is about.")
    account_id: UUID | None
    author_id: UUID | None = Field(
        description="The member who wrote it; null: a key without a member."
    )
    field_values: dict[str, object] = Field(
        default_factory=dict,
        description="Its answers by the key of the template's field; they go to the records.",
    )
    external_id: str | None = Field(
        default=None, description="Its id in your system; null: it has none there."
    )
    source: str | None = Field(
        default=None, description="Where it comes from, such as `catalyst`; null: nobody said."
    )
    authored_at: datetime | None = Field(
        default=None,
        description="When it was written, in UTC: here, or on the platform that it comes from.",
    )
    traits: dict[str, object] = Field(
        default_factory=dict, description="The values of the workspace's own fields, by key."
    )


TouchKind = TypeAliasType("TouchKind", Literal["note", "meeting"])


class NoteTouched(Event):
    """What a note says of when somebody last spoke with a customer; all that it says by now. One
    that is deleted or became private says nothing: `kinds` is empty.
    """

    name: ClassVar[str] = "tasks.note_touched.v1"

    note_id: UUID
    kinds: list[TouchKind]
    at: datetime
    account_id: UUID | None
    contact_id: UUID | None


class TraitCleared(Event):
    """No task or note has a value of a deleted trait any more, so its key may be used again."""

    name: ClassVar[str] = "tasks.trait_cleared.v1"

    id: UUID


class QuietRowsWritten(Event):
    """Tasks or notes were written quietly under this batch, which may have records as well."""

    name: ClassVar[str] = "tasks.quiet_rows_written.v1"

    id: UUID
    title: str = Field(description="What people call the batch, such as the name of a file.")


class TasksConfigured(ConfigurationChanged):
    name: ClassVar[str] = "tasks.configuration_changed.v1"
    service: ClassVar[str] = "tasks"
