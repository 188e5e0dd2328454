from datetime import datetime
from typing import Any

from pydantic import ConfigDict

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

    object: str
    external_id: str
    field: str
    value: Any
    state: WriteBackState
    reason: str | None
    attempts: int
    next_attempt_at: datetime
    updated_at: datetime
