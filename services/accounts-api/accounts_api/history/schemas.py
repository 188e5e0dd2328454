from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class CauseOut(BaseModel):
    type: str
    id: str
    label: str | None = None


class FieldChangeOut(BaseModel):
    """`field` is `created`, `deleted`, a field, `traits.<key>`, `key_roles.<key>` or `accounts`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0100-7a3b-8c4d-5e6f708192a3",
                    "field": "arr",
                    "old": 12_500_000,
                    "new": 15_000_000,
                    "valid_from": "2026-02-11T14:30:00Z",
                    "known_at": "2026-02-11T14:30:00.123456Z",
                    "cause": [
                        {"type": "connection", "id": "0198c0de-0200-7a3b-8c4d-5e6f708192a3"},
                        {
                            "type": "sync_run",
                            "id": "0198c0de-0201-7a3b-8c4d-5e6f708192a3",
                            "label": "Salesforce, every 15 minutes",
                        },
                    ],
                }
            ]
        }
    )

    id: UUID
    field: str
    old: Any
    new: Any
    valid_from: datetime = Field(description="When it became true, by the workspace's clock.")
    known_at: datetime = Field(description="When we learned it.")
    cause: list[CauseOut] = Field(description="From the origin to the immediate actor.")
