from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.sequences.enrollments.rules import ContactProblem
from sequencer.sequences.sequences.schemas import SEND_DEADLINE, WarningOut
from shared.events.sequences import AvailableAction, BlockCause, EnrollmentEntry
from shared.schemas import In, KeyOrId, Out

_SEQUENCE = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
_OPPORTUNITY = "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d"
_CONTACT = "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d"
_ELIGIBILITY: dict[str, Any] = {
    "sequence_id": _SEQUENCE,
    "opportunity_id": _OPPORTUNITY,
    "entry": "audience",
    "eligible": False,
    "causes": ["no_deal_room"],
    "available_actions": ["enroll", "send_now", "call"],
    "send_deadline": "2027-01-30T22:59:00Z",
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
    """Which opportunity enters which sequence by hand."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sequence_id": _SEQUENCE, "opportunity_id": _OPPORTUNITY}]}
    )

    sequence_id: KeyOrId
    opportunity_id: UUID
    contact_id: UUID | None = Field(
        default=None, description="Null: whoever stands first by role and account plan role."
    )
    send_now: bool = Field(
        default=False,
        description="The last step whose day has passed leaves now, within the send conditions,"
        " instead of being skipped. For a record that is so late that no step is left.",
    )


class GateOut(Out):
    """A condition of entry and its verdict."""

    name: str = Field(description="Which condition it is, such as `deal_room`.")
    passed: bool = Field(description="Whether it lets the record in.")
    detail: str = Field(description="What it found, for people.")
    cause: BlockCause | None = Field(description="The task that a failed gate makes.")


class RankedContact(Out):
    """A contact of the account, and whether it would be written to."""

    contact_id: UUID
    name: str = Field(description="The name of the contact.")
    email: str | None = Field(description="The address of the contact; null: it has none.")
    rank: int = Field(description="Its place in the order in which contacts are chosen, from 1.")
    reason: str = Field(description="Why it has this rank.")
    chosen: bool = Field(description="Whether it is the one that is written to.")
    problem: ContactProblem | None = Field(description="Why nothing can be sent; null: it can.")


class EligibilityOut(Out):
    """Every gate between an opportunity and a sequence, with its verdict."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ELIGIBILITY]})

    sequence_id: UUID
    opportunity_id: UUID
    entry: EnrollmentEntry = Field(description="For which way of entering this was asked.")
    eligible: bool = Field(description="Whether every gate lets the record in.")
    causes: list[BlockCause] = Field(
        description="Tasks that stand between the record and the sequence. Empty also when"
        " something else than a task keeps it out."
    )
    available_actions: list[AvailableAction] = Field(
        description="What a person can do; it may still enter by itself."
    )
    send_deadline: datetime | None = SEND_DEADLINE
    warnings: list[WarningOut] = Field(
        description="What will go wrong once it has entered, unless somebody acts."
    )
    gates: list[GateOut] = Field(
        description="Every condition of entry, in the order in which they are checked."
    )
    contacts: list[RankedContact] = Field(
        description="Every contact of the account, the best first."
    )
