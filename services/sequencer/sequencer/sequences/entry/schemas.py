from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.sequences.enrollments.rules import Entry
from sequencer.sequences.sequences.schemas import LAST_SEND_AT, WarningOut
from shared.events.sequences import BlockCause, Offer
from shared.schemas import In, Out

_SEQUENCE = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
_RECORD = "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d"
_CONTACT = "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d"
_ELIGIBILITY: dict[str, Any] = {
    "sequence_id": _SEQUENCE,
    "record_id": _RECORD,
    "entry": "audience",
    "eligible": False,
    "causes": ["no_deal_room"],
    "offers": ["enter", "send_now", "call"],
    "last_send_at": "2027-01-30T22:59:00Z",
    "warnings": [
        {
            "code": "vacant_key_role",
            "message": "Nobody holds csm at Acme, so no mail of this sequence can leave.",
            "key_role": "csm",
        }
    ],
    "gates": [
        {
            "name": "deal_room",
            "passed": False,
            "detail": "There is no deal room.",
            "cause": "no_deal_room",
        }
    ],
    "contacts": [
        {
            "contact_id": _CONTACT,
            "name": "Ann Lee",
            "email": "ann@acme.example",
            "rank": 1,
            "reason": "product admin, Champion",
            "chosen": True,
            "problem": None,
        }
    ],
}


class EnrollIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sequence_id": _SEQUENCE, "record_id": _RECORD}]}
    )

    sequence_id: UUID
    record_id: UUID = Field(description="An opportunity.")
    contact_id: UUID | None = Field(
        default=None, description="Null: whoever stands first by role and account plan role."
    )
    send_now: bool = Field(
        default=False,
        description="The last step whose day has passed leaves now, inside the laws, instead of"
        " being skipped. For a record that is so late that no step is left.",
    )


class GateOut(Out):
    name: str
    passed: bool
    detail: str
    cause: BlockCause | None = Field(description="The task that a failed gate makes.")


class ContactVerdict(Out):
    contact_id: UUID
    name: str
    email: str | None
    rank: int
    reason: str
    chosen: bool
    problem: str | None


class EligibilityOut(Out):
    """Every gate between a record and a sequence, with its verdict."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ELIGIBILITY]})

    sequence_id: UUID
    record_id: UUID
    entry: Entry
    eligible: bool
    causes: list[BlockCause] = Field(
        description="Tasks that stand between the record and the sequence. Empty also when"
        " something else than a task keeps it out."
    )
    offers: list[Offer] = Field(description="What a person can do; by itself it may enter too.")
    last_send_at: datetime | None = LAST_SEND_AT
    warnings: list[WarningOut]
    gates: list[GateOut]
    contacts: list[ContactVerdict]
