from datetime import datetime

from pydantic import ConfigDict, Field

from shared.schemas import Out
from sync_worker.crm_sync.translation.fold import LeftOut


class RejectedRecordOut(Out):
    """A record of the other system that could not be taken over."""

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

    object: str = Field(description="The object of the other system.")
    external_id: str = Field(description="The id of the record there.")
    name: str | None = Field(description="The name of the record there; null: it has none.")
    reason: str | None = Field(description="Why it could not be taken over, for people.")
    attempts: int = Field(description="How often it was tried.")
    retry_at: datetime | None = Field(description="Null: only when it changes there.")
    updated_at: datetime = Field(description="When this was last seen.")


class WarnedRecordOut(Out):
    """A record that was taken over without some value."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "object": "Account",
                    "external_id": "0015g00000XyZ1AAAV",
                    "name": "Two sites",
                    "left_out": [
                        {
                            "field": "Website",
                            "target": "domain",
                            "value": "acme.example, beta.example",
                            "reason": "'acme.example, beta.example' names no host.",
                        }
                    ],
                    "updated_at": "2026-03-02T09:01:00Z",
                }
            ]
        }
    )

    object: str = Field(description="The object of the other system.")
    external_id: str = Field(description="The id of the record there.")
    name: str | None = Field(description="The name of the record there; null: it has none.")
    left_out: list[LeftOut] = Field(description="Values that the record is here without.")
    updated_at: datetime = Field(description="When this was last seen.")
