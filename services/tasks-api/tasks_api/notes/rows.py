"""Notes and their templates as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypedDict, get_args
from uuid import UUID

FieldWrite = Literal["none", "pending", "written", "refused"]
"""What became of a note's field values. `pending`: the accounts service could not be asked."""
FIELD_WRITES: tuple[FieldWrite, ...] = get_args(FieldWrite)


@dataclass(frozen=True, slots=True)
class NewNote:
    id: UUID
    template_key: str | None
    template_version: int | None
    subject_type: str
    subject_id: UUID
    account_id: UUID | None
    title: str
    body: str
    category: str | None
    tags: list[str]
    private: bool
    noted_on: date
    author_id: UUID | None
    author: Mapping[str, object]
    field_values: Mapping[str, object]
    record_versions: Mapping[str, object]
    field_write: FieldWrite


@dataclass(frozen=True, slots=True)
class Note(NewNote):
    workspace_id: UUID
    field_faults: Sequence[Mapping[str, object]]
    write_attempts: int
    write_after: datetime
    version: int
    created_at: datetime
    updated_at: datetime


class NoteChanges(TypedDict, total=False):
    title: str
    body: str
    category: str | None
    tags: list[str]
    private: bool
    noted_on: date
    field_write: FieldWrite
    field_faults: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class NoteTitle:
    id: UUID
    title: str
    private: bool


@dataclass(frozen=True, slots=True)
class Template:
    workspace_id: UUID
    key: str
    version: int
    title: str
    body: str
    fields: Sequence[Mapping[str, object]]
    required: Sequence[object]
    current: bool
    created_at: datetime


class NewTemplate(TypedDict):
    key: str
    version: int
    title: str
    body: str
    fields: Sequence[Mapping[str, object]]
