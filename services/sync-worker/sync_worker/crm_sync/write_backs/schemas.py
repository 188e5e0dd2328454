from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from shared.schemas import Out
from sync_worker.crm_sync.write_backs.rules import WriteBackState


class WriteBackOut(Out):
    """The newest value of one field and whether it has arrived there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "object": "Opportunity",
                    "external_id": "0065g00000OpP1AAAV",
                    "field": "Renewal_Sequence_Status__c",
                    "value": "Renewal, 60 days",
                    "state": "rejected",
                    "reason": "FIELD_CUSTOM_VALIDATION_EXCEPTION: The stage is locked.",
                    "attempts": 1,
                    "next_attempt_at": "2026-03-02T09:00:00Z",
                    "updated_at": "2026-03-02T09:00:01Z",
                }
            ]
        }
    )

    object: str = Field(description="The object of the other system.")
    external_id: str = Field(description="The id of the record there.")
    field: str = Field(description="The field there.")
    value: Any = Field(description="What is to stand in it.")
    state: WriteBackState
    reason: str | None = Field(
        description="What the other system said; null: nothing stands in the way."
    )
    attempts: int = Field(description="How often it was tried.")
    next_attempt_at: datetime = Field(
        description="When it is tried next, or was tried last, in UTC."
    )
    updated_at: datetime = Field(description="When the value or its state last changed.")
