from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from shared.schemas import Out

SourceObject = Literal["User", "Account", "Contact", "Opportunity"]


class ParkedRecordOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "object": "Opportunity",
                    "external_id": "0065g00000OpP1AAAV",
                    "name": "Acme renewal 2026",
                    "reason": "It has no name.",
                    "attempts": 2,
                    "retry_at": "2026-03-02T09:06:00Z",
                    "updated_at": "2026-03-02T09:01:00Z",
                }
            ]
        }
    )

    object: str
    external_id: str
    name: str | None
    reason: str | None
    attempts: int
    retry_at: datetime | None = Field(description="Null: only when it changes there.")
    updated_at: datetime
