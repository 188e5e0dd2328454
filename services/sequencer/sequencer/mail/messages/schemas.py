from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.mail.messages.rules import MessagePhase, MessageState
from shared.schemas import Out


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the ledger."""

    id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    sequence_title: str
    step_id: UUID
    step_title: str
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID
    state: MessageState
    phase: MessagePhase | None
    due_at: datetime
    retry_at: datetime | None
    attempts: int
    fence: int | None
    mailbox_id: UUID | None
    sender: str | None
    recipient: str | None
    subject: str | None
    internet_message_id: str | None
    reason: str | None
    detail: str | None
    sent_at: datetime | None
    bounced_at: datetime | None
    superseded_at: datetime | None
    held_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def origin_kind(self) -> str:
        """What kind of thing it is sent for, as `wiring.py` names the kinds."""
        return "enrollment"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A mail to come (`scheduled`), or a step that is passed over (`skipped`)."""

    id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    sequence_title: str
    step_id: UUID
    step_title: str
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID
    state: MessageState
    due_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an enrollment is, by its ledger."""

    handled: frozenset[UUID]
    """Steps that have a row which stands."""
    last_sent_at: datetime | None
    open: Message | None
    """The mail the enrollment waits for."""


NO_PROGRESS = Progress(frozenset(), None, None)

_MESSAGE: dict[str, Any] = {
    "id": "0198c0de-3355-7c3e-9b5d-2f4e6a8c0b1d",
    "enrollment_id": "0198c0de-e001-7c3e-9b5d-2f4e6a8c0b1d",
    "sequence_id": "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d",
    "sequence_title": "Scaled renewals",
    "step_id": "0198c0de-90da-7c3e-9b5d-2f4e6a8c0b1d",
    "step_title": "90 days before",
    "opportunity_id": "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d",
    "account_id": "0198c0de-acc0-7c3e-9b5d-2f4e6a8c0b1d",
    "contact_id": "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d",
    "state": "sent",
    "phase": None,
    "due_at": "2026-11-02T08:00:00Z",
    "retry_at": None,
    "attempts": 1,
    "mailbox_id": "0198c0de-b0c5-7c3e-9b5d-2f4e6a8c0b1d",
    "sender": "dana@northwind.example",
    "recipient": "ann@acme.example",
    "subject": "Your renewal on January 31",
    "internet_message_id": "<0198c0de….0198c0de…@northwind.example>",
    "reason": None,
    "detail": "2.0.0 Ok: queued as 4711",
    "sent_at": "2026-11-02T08:00:04Z",
    "bounced_at": None,
    "superseded_at": None,
    "created_at": "2026-11-02T08:00:01Z",
    "updated_at": "2026-11-02T08:00:04Z",
}


class MessageOut(Out):
    """A row of the send ledger: a mail that left, waits or did not leave, or a step passed over."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_MESSAGE]})

    id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    sequence_title: str = Field(description="The title of the sequence when it was planned.")
    step_id: UUID = Field(description="The id of the step that it is the mail of.")
    step_title: str = Field(description="The title of the step when it was planned.")
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID
    state: MessageState
    phase: MessagePhase | None = Field(description="Null unless it is `dispatching`.")
    due_at: datetime = Field(description="When it is to leave, or was.")
    retry_at: datetime | None = Field(
        description="When it is tried again; null: no attempt failed for the moment."
    )
    attempts: int = Field(description="How often a hand-over was begun.")
    mailbox_id: UUID | None = Field(
        description="The mailbox that it leaves by; null until it is handed over."
    )
    sender: str | None = Field(
        description="The address it comes from; null until it is handed over."
    )
    recipient: str | None = Field(
        description="The address it goes to; null until it is handed over."
    )
    subject: str | None = Field(
        description="Its subject with the values filled in; null until it is handed over."
    )
    internet_message_id: str | None = Field(
        description="Its `Message-ID` header, the same for every attempt."
    )
    reason: str | None = Field(
        description="Why it waits, is held, was not sent or was skipped; null otherwise."
    )
    detail: str | None = Field(
        description="What the server said, or more about the reason; for people."
    )
    sent_at: datetime | None = Field(description="When the server took it.")
    bounced_at: datetime | None = Field(description="When it came back; null: it did not.")
    superseded_at: datetime | None = Field(
        description="Its step was planned again, because this mail reached nobody."
    )
    created_at: datetime
    updated_at: datetime


class MessageWithContent(MessageOut):
    """A row of the send ledger, with the mail itself."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{**_MESSAGE, "raw": "From: Dana Reyes <dana@northwind.example>\r\n…"}]
        },
    )

    raw: str | None = Field(description="The mail as it was, or is to be, handed over (RFC 5322).")
