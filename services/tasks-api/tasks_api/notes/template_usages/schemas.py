from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tasks_api.notes.notes.schemas import TITLE


class NoteUsage(BaseModel):
    """A note that was written with a template."""

    type: Literal["note"] = Field(description="What uses the template.")
    id: UUID
    title: Annotated[str, TITLE]


class TemplateUsages(BaseModel):
    """The notes that were written with a template."""

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
    more_records: bool = Field(description="Whether there are more than were counted.")
    usages: list[NoteUsage] = Field(description="The newest that everyone may see.")
