from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.sequences.sequences.schemas import SEND_DEADLINE, STEP_EXAMPLE, WarningOut
from shared.schemas import In, Out


class PreviewIn(In):
    """For whom a sequence is rendered."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"opportunity_id": "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d"}]}
    )

    opportunity_id: UUID = Field(description="The opportunity to render every step for.")
    contact_id: UUID | None = Field(default=None, description="Null: who would be written to.")


class StepPreview(Out):
    """A step as this record's contact would get it. `problem` says why it could not be sent."""

    step_id: UUID = Field(description="The id of the step.")
    title: str = Field(description="The title of the step.")
    day: str | None = Field(description="The day it is for; null without an expiration.")
    due_at: datetime | None = Field(
        description="When it would leave, in UTC; null without an expiration."
    )
    subject: str | None = Field(description="The subject with the record's values.")
    text: str | None = Field(description="The plain text with the record's values.")
    html: str | None = Field(
        description="The HTML with the record's values; null: the step has none."
    )
    problem: str | None = Field(description="Why it could not be sent; null: it could.")


class PreviewOut(Out):
    """What one record's contact would get, step by step."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "contact_id": "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d",
                    "recipient": "ann@acme.example",
                    "sender": "dana@northwind.example",
                    "send_deadline": "2027-01-30T22:59:00Z",
                    "warnings": [],
                    "steps": [
                        {
                            "step_id": STEP_EXAMPLE["id"],
                            "title": "90 days before",
                            "day": "2026-11-02",
                            "due_at": "2026-11-02T08:00:00Z",
                            "subject": "Your renewal on January 31",
                            "text": "Hi Ann, …",
                            "html": None,
                            "problem": None,
                        }
                    ],
                }
            ]
        },
    )

    contact_id: UUID | None = Field(description="Who would be written to; null: nobody can be.")
    recipient: str | None = Field(description="The address of the contact.")
    sender: str | None = Field(description="The address that mails would come from; null: none.")
    send_deadline: datetime | None = SEND_DEADLINE
    warnings: list[WarningOut] = Field(description="What will go wrong unless somebody acts.")
    steps: list[StepPreview] = Field(description="In the order in which they would leave.")
