from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.sequences.enrollments.rules import (
    EnrollmentExitReason,
    EnrollmentPauseReason,
    EnrollmentState,
)
from sequencer.sequences.sequences.schemas import SEND_DEADLINE, WarningOut
from shared.events.sequences import EnrollmentEntry
from shared.schemas import Out


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A record's passage through one version of a sequence."""

    id: UUID
    sequence_id: UUID
    sequence_version: int
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID
    entry: EnrollmentEntry
    state: EnrollmentState
    pause_reason: EnrollmentPauseReason | None
    exit_reason: EnrollmentExitReason | None
    floor_on: date | None
    anchor_on: date | None
    next_step_id: UUID | None
    next_due_at: datetime | None
    entered_at: datetime
    exited_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A line of an enrollment's timeline."""

    id: UUID
    enrollment_id: UUID
    kind: str
    detail: dict[str, Any]
    at: datetime


_ENROLLMENT: dict[str, Any] = {
    "id": "0198c0de-e001-7c3e-9b5d-2f4e6a8c0b1d",
    "version": 4,
    "sequence_id": "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d",
    "sequence_version": 1,
    "opportunity_id": "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d",
    "account_id": "0198c0de-acc0-7c3e-9b5d-2f4e6a8c0b1d",
    "contact_id": "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d",
    "entry": "audience",
    "state": "active",
    "pause_reason": None,
    "exit_reason": None,
    "next_step_id": "0198c0de-60da-7c3e-9b5d-2f4e6a8c0b1d",
    "next_due_at": "2026-12-02T08:00:00Z",
    "in_flight_message_id": None,
    "pending_message_id": None,
    "send_deadline": "2027-01-30T22:59:00Z",
    "warnings": [],
    "entered_at": "2026-11-02T08:00:00Z",
    "exited_at": None,
    "created_at": "2026-11-02T08:00:01Z",
    "updated_at": "2026-11-02T08:00:04Z",
}
_TIMELINE: list[Any] = [
    {"at": "2026-11-02T08:00:00Z", "kind": "entered", "detail": {"entry": "audience"}},
    {
        "at": "2026-11-02T08:00:04Z",
        "kind": "sent",
        "detail": {"step_title": "90 days before", "recipient": "ann@acme.example"},
    },
]


class EnrollmentOut(Out):
    """A record's passage through one version of a sequence."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ENROLLMENT]})

    id: UUID
    version: int
    sequence_id: UUID
    sequence_version: int = Field(
        description="The published version of the sequence that it is pinned to."
    )
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID
    entry: EnrollmentEntry = Field(description="How it entered.")
    state: EnrollmentState
    pause_reason: EnrollmentPauseReason | None = Field(description="Null unless it is paused.")
    exit_reason: EnrollmentExitReason | None = Field(description="Null until it is over.")
    next_step_id: UUID | None = Field(description="The step whose mail comes next; null: none.")
    next_due_at: datetime | None = Field(
        description="When the next mail is to leave, in UTC; null: none comes."
    )
    in_flight_message_id: UUID | None = Field(
        description="A mail that is being handed over right now; a stop comes too late for it."
    )
    pending_message_id: UUID | None = Field(
        description="A mail that must be sent or resolved before the next step."
    )
    send_deadline: datetime | None = SEND_DEADLINE
    warnings: list[WarningOut] = Field(
        description="What will go wrong with it, unless somebody acts."
    )
    entered_at: datetime = Field(description="When it entered, in UTC.")
    exited_at: datetime | None = Field(description="When it ended, in UTC; null: it goes on.")
    created_at: datetime
    updated_at: datetime


class TimelineEntryOut(Out):
    """Something that happened to an enrollment."""

    at: datetime = Field(description="When it happened, in UTC.")
    kind: str = Field(
        description="What happened, such as `entered`, `sent`, `paused`, `resumed`,"
        " `step_skipped` or"
        " `exited`."
    )
    detail: dict[str, Any] = Field(description="More about it, by its `kind`.")


class EnrollmentWithTimeline(EnrollmentOut):
    """A record's passage through a sequence, with everything that happened to it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{**_ENROLLMENT, "timeline": _TIMELINE}]},
    )

    timeline: list[TimelineEntryOut] = Field(description="Oldest first.")
