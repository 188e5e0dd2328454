from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.schemas import (
    Day,
    ExternalId,
    IfUnreadable,
    In,
    Instant,
    Patch,
    Slug,
    Source,
    StoredOut,
    Title,
    Traits,
)
from tasks_api.notes.note_templates.rules import NoteRecord
from tasks_api.notes.note_templates.schemas import Html
from tasks_api.notes.notes.rows import NoteFieldWrite
from tasks_api.records.upserts.schemas import AUTHOR_ID, AUTHORED_AT, EXTERNAL_ID, TRAITS

SubjectType = Annotated[
    Slug,
    Field(
        description="The type of the record that the note is about: a record type or one of your"
        " object types.",
        examples=["opportunity"],
    ),
]


TITLE: Any = Field(description="What the note is, on one line.")
CATEGORY: Any = Field(
    description="A word of your own to group notes by; a note of the category `meeting` says when"
    " somebody last met with the customer."
)
TAGS: Any = Field(description="Words of your own, as many as 20.")
PRIVATE: Any = Field(
    description="With `true` only its author sees it, and it is in no event or webhook."
)
NOTED_ON: Any = Field(description="The day that the note is about.")


class NoteIn(In):
    """What was said or seen, and what it sets of records."""

    template_key: Annotated[
        Slug | None, Field(description="The template it is written with; null: none.")
    ] = None
    subject_type: SubjectType
    subject_id: UUID = Field(description="The id of the record that the note is about.")
    account_id: UUID | None = None
    title: Annotated[Title, TITLE]
    body: Html = ""
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Title], Field(max_length=20), TAGS] = []
    private: Annotated[bool, PRIVATE] = False
    noted_on: Annotated[
        Day | None,
        Field(description="The day that the note is about; null: that of `authored_at`."),
    ] = None
    field_values: Annotated[
        dict[Slug, str | int | float | bool | list[str] | None],
        Field(description="Answers by field key; they are written to the record."),
    ] = {}
    record_versions: Annotated[
        dict[NoteRecord, Annotated[int, Field(ge=1)]],
        Field(
            description="Versions of the records that the author saw. Needed of those that"
            " `field_values` write: what another writer changed since is a conflict."
        ),
    ] = {}
    external_id: Annotated[ExternalId | None, EXTERNAL_ID] = None
    source: Source | None = None
    author_id: Annotated[UUID | None, AUTHOR_ID] = None
    authored_at: Annotated[Instant | None, AUTHORED_AT] = None
    traits: Traits = {}


class NotePatch(Patch):
    """What changes of a note: a field left out keeps its value. Values of records do not change
    with it; change the record itself.
    """

    title: Annotated[Title, TITLE] = ""
    body: Html = ""
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Title], Field(max_length=20), TAGS] = []
    private: Annotated[bool, PRIVATE] = False
    noted_on: Annotated[Day | None, NOTED_ON] = None
    traits: Traits = {}


class NoteOut(StoredOut):
    """What was said or seen of a record, by whom and on which day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-4444-7000-8000-00000000b001",
                    "external_id": None,
                    "source": None,
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
                    "authored_at": "2026-03-02T09:00:00Z",
                    "traits": {"channel": "Call"},
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
    external_id: str | None = Field(description="Its id in your system; null: it has none there.")
    source: str | None = Field(
        description="Where it comes from, such as `catalyst`; null when nobody said."
    )
    template_key: str | None = Field(description="The template it was written with; null: none.")
    template_version: int | None = Field(
        description="The version of the template that it was written with."
    )
    subject_type: str = Field(
        description="The type of the record that it is about: a record type or an object type."
    )
    subject_id: UUID = Field(description="The id of the record that it is about.")
    account_id: UUID | None = Field(description="The account it concerns; null: none was named.")
    title: Annotated[str, TITLE]
    body: str = Field(description="HTML of an allow-list, safe to show.")
    category: Annotated[str | None, CATEGORY]
    tags: Annotated[list[str], TAGS]
    private: Annotated[bool, PRIVATE]
    noted_on: Annotated[date, NOTED_ON]
    author_id: UUID | None = Field(
        description="The member who wrote it; null for a key without a member."
    )
    author: dict[str, Any] = Field(
        description="What wrote it here, such as a member or an API key: its `type` and `id`."
    )
    authored_at: datetime = Field(
        description="When it was written, in UTC: here, or on the platform that it comes from."
    )
    traits: Annotated[dict[str, Any], TRAITS]
    field_values: dict[str, Any] = Field(
        description="Its answers by the key of the template's field; they went to the records."
    )
    record_versions: Annotated[
        dict[str, int],
        IfUnreadable({}),
        Field(description="The versions of the records that its author saw."),
    ]
    field_write: NoteFieldWrite
    field_faults: list[dict[str, Any]] = Field(
        description="Why its values were refused, each as in a problem's `errors`."
    )
    version: int
    created_at: datetime
    updated_at: datetime
