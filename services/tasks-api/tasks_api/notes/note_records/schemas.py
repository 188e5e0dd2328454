from typing import Annotated, Any

from pydantic import ConfigDict, Field, SkipValidation

from shared.bulk import RowsIn, rows_field
from shared.schemas import Day, Title
from tasks_api.notes.note_templates.schemas import Html
from tasks_api.notes.notes.schemas import CATEGORY, PRIVATE, TAGS, TITLE
from tasks_api.records.upserts.schemas import Fields, Identified

EXAMPLE: dict[str, Any] = {
    "title": "Kick-off with Ann",
    "body": "<p>They want to be live in June.</p>",
    "source": "catalyst",
    "subject_type": "account",
    "subject_external_id": "0015g00000XyZ1AAAV",
    "author_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "authored_at": "2021-05-02T08:00:00Z",
}


class NoteFields(Fields):
    """What is to be so of a note: a field left out stays as it is."""

    title: Annotated[Title, TITLE] = ""
    body: Html = ""
    category: Annotated[Title | None, CATEGORY] = None
    tags: Annotated[list[Title], Field(max_length=20), TAGS] = []
    private: Annotated[bool, PRIVATE] = False
    noted_on: Annotated[
        Day | None,
        Field(description="The day that the note is about; of a new one that of `authored_at`."),
    ] = None
    restore: Annotated[
        bool, Field(description="True makes the note anew even if a person deleted it.")
    ] = False


class NoteUpsert(NoteFields):
    """The note that has an external id, as it is to be: a field left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class NoteRow(NoteFields, Identified):
    """A row of a bulk write: the note by either of its ids, and what to change of it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"external_id": "note-1001", **EXAMPLE}]}
    )


class NoteRows(RowsIn):
    """Rows of notes to create or change."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rows": [{"external_id": "note-1001", **EXAMPLE}]}]}
    )

    rows: SkipValidation[list[NoteRow]] = rows_field()
