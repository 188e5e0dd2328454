from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from sequencer.mail.suppressions.rows import SuppressionReason
from shared.schemas import Email, In, Out

_SUPPRESSION: dict[str, Any] = {
    "id": "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d",
    "address": "ann@acme.example",
    "reason": "manual",
    "note": "Asked by phone not to be written to.",
    "message_id": None,
    "expires_at": None,
    "created_at": "2026-10-05T08:00:00Z",
}


class SuppressionIn(In):
    """An address that nothing is to be sent to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ann@acme.example", "note": _SUPPRESSION["note"]}]
        }
    )

    email: Annotated[Email, Field(description="The address that nothing is to be sent to.")]
    note: Annotated[
        Annotated[str, StringConstraints(max_length=2000)] | None,
        Field(description="Why, for whoever asks later."),
    ] = None


class SuppressionOut(Out):
    """An address that nothing is sent to, and why."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_SUPPRESSION]})

    id: UUID
    address: str = Field(description="As mail systems compare it: lower case, IDNA.")
    reason: SuppressionReason
    note: str | None = Field(description="What whoever added it said; null: nothing.")
    message_id: UUID | None = Field(description="The mail whose bounce or recipient caused it.")
    expires_at: datetime | None = Field(description="Null lasts until it is lifted.")
    created_at: datetime
