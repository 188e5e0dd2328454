"""Notes as they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.value_types import literals

NoteFieldWrite = TypeAliasType(
    "NoteFieldWrite",
    Annotated[
        Literal["none", "pending", "written", "refused"],
        Field(
            description="What became of a note's field values. `none`: it has none. `pending`: they"
            " are written when the accounts service answers again. `written`: they stand in the"
            " records. `refused`: `field_faults` says why, and its author has a task."
        ),
    ],
)
FIELD_WRITES: Final[tuple[NoteFieldWrite, ...]] = literals(NoteFieldWrite)


@dataclass(frozen=True, slots=True)
class NewNote:
    id: UUID
    external_id: str | None
    source: str | None
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
    authored_at: datetime
    traits: Mapping[str, object]
    field_values: Mapping[str, object]
    record_versions: Mapping[str, object]
    field_write: NoteFieldWrite
    hidden_by: list[UUID]


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
    traits: Mapping[str, object]
    field_write: NoteFieldWrite
    field_faults: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class NoteTitle:
    id: UUID
    title: str
    private: bool
