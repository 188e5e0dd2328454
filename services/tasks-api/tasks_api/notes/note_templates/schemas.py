from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from shared.schemas import In, Out, Patch, Slug, Title
from tasks_api.notes.note_templates.rules import NoteRecord

Html = Annotated[
    str,
    StringConstraints(max_length=100_000),
    Field(description="HTML; anything outside a small allow-list is removed."),
]
TEMPLATE_TITLE: Any = Field(description="What the template is called where a person chooses one.")
FIELDS: Any = Field(description="Its questions, in the order in which they are asked.")


class TemplateField(In):
    """A question of a template whose answer is written to a field of the record."""

    key: Annotated[
        Slug, Field(description="By what a note's `field_values` name it; unique in the template.")
    ]
    label: Annotated[Title, Field(description="The question, as whoever writes the note reads it.")]
    record: NoteRecord = "subject"
    field: Annotated[
        str,
        StringConstraints(pattern=r"^(traits\.)?[a-z][a-z0-9_]{0,62}$"),
        Field(description="`deal_room_url`, or `traits.<key>`."),
    ]
    required: Annotated[bool, Field(description="Whether a note without an answer is refused.")] = (
        False
    )


def bound_fields(fields: Sequence[TemplateField]) -> list[tuple[str, str, str]]:
    """Pointer, record type where it is known, and name of what they write."""
    return [
        (f"/fields/{at}/field", "account" if one.record == "account" else "", one.field)
        for at, one in enumerate(fields)
    ]


class NoteTemplateIn(In):
    """A form for notes."""

    key: Annotated[
        Slug, Field(description="By what notes name it; it is in its address and never changes.")
    ]
    title: Annotated[Title, TEMPLATE_TITLE]
    body: Html = ""
    fields: Annotated[list[TemplateField], Field(max_length=50), FIELDS] = []


class NoteTemplatePatch(Patch):
    """What the next version of a template has anew: a field left out stays as it is."""

    title: Annotated[Title, TEMPLATE_TITLE] = ""
    body: Html = ""
    fields: Annotated[list[TemplateField], Field(max_length=50), FIELDS] = []


class NoteTemplateOut(Out):
    """A form for notes, in its current version; notes keep the version they were written with."""

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

    key: str = Field(description="By what notes name it.")
    version: int = Field(description="Counts its versions; in the ETag.")
    title: Annotated[str, TEMPLATE_TITLE]
    body: str = Field(description="HTML that a new note starts with.")
    fields: Annotated[list[dict[str, Any]], FIELDS]
    created_at: datetime = Field(description="When this version was made, in UTC.")
