from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.schemas import Day, IfUnreadable, In, Out, Patch, Slug, StoredOut, Title
from tasks_api.notes.rows import FieldWrite
from tasks_api.notes.rules import BoundRecord

SubjectType = Annotated[
    Slug,
    Field(description="A record type or one of your object types.", examples=["opportunity"]),
]
Html = Annotated[
    str,
    StringConstraints(max_length=100_000),
    Field(description="HTML; anything outside a small allow-list is removed."),
]


class TemplateField(In):
    """A question of a template whose answer is written to a field of the record."""

    key: Slug
    label: Title
    record: BoundRecord = "subject"
    field: Annotated[
        str,
        StringConstraints(pattern=r"^(traits\.)?[a-z][a-z0-9_]{0,62}$"),
        Field(description="`deal_room_url`, or `traits.<key>`."),
    ]
    required: bool = False


def bound_fields(fields: Sequence[TemplateField]) -> list[tuple[str, str, str]]:
    """Pointer, record type where it is known, and name of what they write."""
    return [
        (f"/fields/{at}/field", "account" if one.record == "account" else "", one.field)
        for at, one in enumerate(fields)
    ]


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
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "mid_contract_review",
                    "version": 1,
                    "title": "Scaled Mid-Contract Review",
                    "body": "<p>What changed since the last review?</p>",
                    "fields": [
                        {
                            "key": "sentiment",
                            "label": "Customer Sentiment",
                            "record": "subject",
                            "field": "traits.customer_sentiment",
                            "required": False,
                        }
                    ],
                    "created_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    key: str
    version: int
    title: str
    body: str
    fields: list[dict[str, Any]]
    created_at: datetime


class NoteUsage(BaseModel):
    type: Literal["note"]
    id: UUID
    title: str


class TemplateUsages(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "records": 1,
                    "more_records": False,
                    "usages": [
                        {
                            "type": "note",
                            "id": "0198c0de-0000-7000-8000-000000000009",
                            "title": "Mid-contract review",
                        }
                    ],
                }
            ]
        }
    )

    records: int = Field(description="Notes written with it, of any version; counted to 1,000.")
    more_records: bool
    usages: list[NoteUsage] = Field(description="The newest that everyone may see.")


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
    noted_on: Annotated[Day | None, Field(description="Default: today in the workspace.")] = None
    field_values: Annotated[
        dict[Slug, str | int | float | bool | list[str] | None],
        Field(description="Answers by field key; they are written to the record."),
    ] = {}
    record_versions: Annotated[
        dict[BoundRecord, Annotated[int, Field(ge=1)]],
        Field(
            description="Versions of the records that the author saw. Needed of those that"
            " `field_values` write: what another writer changed since is a conflict."
        ),
    ] = {}


class NotePatch(Patch):
    title: Title = ""
    body: Html = ""
    category: Title | None = None
    tags: Annotated[list[Title], Field(max_length=20)] = []
    private: bool = False
    noted_on: Day | None = None


class NoteOut(StoredOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-4444-7000-8000-00000000b001",
                    "template_key": "mid_contract_review",
                    "template_version": 1,
                    "subject_type": "opportunity",
                    "subject_id": "0198c0de-0000-7000-8000-000000000007",
                    "account_id": "0198c0de-0000-7000-8000-000000000001",
                    "title": "Review with Ann",
                    "body": "<p>They like the new reports.</p>",
                    "category": None,
                    "tags": ["review"],
                    "private": False,
                    "noted_on": "2026-03-02",
                    "author_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "author": {"type": "member", "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"},
                    "field_values": {"sentiment": "Happy"},
                    "record_versions": {"subject": 3},
                    "field_write": "written",
                    "field_faults": [],
                    "version": 1,
                    "created_at": "2026-03-02T09:00:00Z",
                    "updated_at": "2026-03-02T09:00:00Z",
                }
            ]
        }
    )

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
    record_versions: Annotated[dict[str, int], IfUnreadable({})]
    field_write: Annotated[
        FieldWrite,
        Field(description="`pending`: a draft, written when the accounts service answers again."),
    ]
    field_faults: list[dict[str, Any]]
    version: int
    created_at: datetime
    updated_at: datetime
