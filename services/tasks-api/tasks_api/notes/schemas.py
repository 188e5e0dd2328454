from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.schemas import In, Out, Patch, Slug, Title

SubjectType = Literal["organization", "account", "contact", "opportunity"]
Html = Annotated[
    str,
    StringConstraints(max_length=100_000),
    Field(description="HTML; anything outside a small allow-list is removed."),
]


class TemplateField(In):
    """A question of a template whose answer is written to a field of the record."""

    key: Slug
    label: Title
    record: Literal["subject", "account"] = "subject"
    field: Annotated[
        str,
        StringConstraints(pattern=r"^(traits\.)?[a-z][a-z0-9_]{0,62}$"),
        Field(description="`deal_room_url`, or `traits.<key>`."),
    ]
    required: bool = False


class NoteTemplateIn(In):
    key: Slug
    title: Title
    body: Html = ""
    fields: Annotated[list[TemplateField], Field(max_length=50)] = []


class NoteTemplatePatch(Patch):
    title: Title = ""
    body: Html = ""
    fields: Annotated[list[TemplateField], Field(max_length=50)] = []


class NoteTemplateOut(Out):
    key: str
    version: int
    title: str
    body: str
    fields: list[dict[str, Any]]
    created_at: datetime


class NoteIn(In):
    template_key: Slug | None = None
    subject_type: SubjectType
    subject_id: UUID
    account_id: UUID | None = None
    title: Title
    body: Html = ""
    category: Title | None = None
    tags: Annotated[list[Title], Field(max_length=20)] = []
    private: bool = False
    noted_on: Annotated[date | None, Field(description="Default: today in the workspace.")] = None
    field_values: Annotated[
        dict[Slug, str | int | float | bool | list[str] | None],
        Field(description="Answers by field key; they are written to the record."),
    ] = {}


class NotePatch(Patch):
    title: Title = ""
    body: Html = ""
    category: Title | None = None
    tags: Annotated[list[Title], Field(max_length=20)] = []
    private: bool = False
    noted_on: date | None = None


class NoteOut(Out):
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
    author: dict[str, Any]
    field_values: dict[str, Any]
    field_write: Literal["none", "pending", "written", "refused"]
    field_faults: list[dict[str, Any]]
    version: int
    created_at: datetime
    updated_at: datetime
