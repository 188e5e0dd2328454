from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.schemas import Out


class ProductEventOut(Out):
    """A product event: something that somebody did in the product."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0300-7a3b-8c4d-5e6f708192a3",
                    "message_id": "node-1714561200-7b21",
                    "name": "Report Exported",
                    "user_id": "u-4711",
                    "anonymous_id": None,
                    "group_id": "crm-1001",
                    "email": None,
                    "contact_id": "0198c0de-0004-7a3b-8c4d-5e6f708192a3",
                    "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    "properties": {"rows": 120},
                    "happened_at": "2026-03-02T08:59:58Z",
                    "received_at": "2026-03-02T09:00:00.120000Z",
                }
            ]
        }
    )

    id: UUID
    message_id: str = Field(
        description="The id that the sender gave it, or one that was made for it."
    )
    name: str = Field(description="What happened; rules count events by this name.")
    user_id: str | None = Field(description="The contact, as the sender calls it.")
    anonymous_id: str | None = Field(description="Whoever it was, as the sender calls it.")
    group_id: str | None = Field(description="The account, as the sender calls it.")
    email: str | None = Field(description="The address that the sender gave of the contact.")
    contact_id: UUID | None = Field(description="The contact who did it; null while none is known.")
    account_id: UUID | None = Field(
        description="The account in which it was done; null while none is known."
    )
    properties: dict[str, Any] = Field(description="What else the sender said of it.")
    happened_at: datetime = Field(
        description="When it happened, corrected by the skew of the sender's clock."
    )
    received_at: datetime = Field(description="When Tenure received it, by the real clock.")
