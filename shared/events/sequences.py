"""What the sequencer publishes: who entered, what was handed over, what stands in the way."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from shared.events.base import ConfigurationChanged, Event
from shared.value_types import literals

BlockCause = TypeAliasType(
    "BlockCause",
    Annotated[
        Literal[
            "no_deal_room",
            "no_product_admin",
            "contact_bounced",
            "contact_soft_bounced",
            "contact_suppressed",
            "expiration_missing",
            "manual_entry_required",
            "contract_expired",
        ],
        Field(
            description="Why a record cannot enter a sequence, or cannot go on. There is one open"
            " task"
            " per record and cause."
        ),
    ],
)
AvailableAction = TypeAliasType(
    "AvailableAction",
    Annotated[
        Literal["enroll", "send_now", "call"],
        Field(
            description="What a person can do about an opportunity that does not enter by itself:"
            " `enroll` it, `send_now` the last mail whose day has passed, or `call`."
        ),
    ],
)
AVAILABLE_ACTIONS: tuple[AvailableAction, ...] = literals(AvailableAction)
EnrollmentEntry = TypeAliasType(
    "EnrollmentEntry",
    Annotated[
        Literal["audience", "manual"],
        Field(
            description="How a record enters a sequence: `audience`, by itself as it is in the"
            " segment"
            " of the sequence; `manual`, as a person asked for it."
        ),
    ],
)
MessageOutcome = TypeAliasType(
    "MessageOutcome",
    Annotated[
        Literal["sent", "not_sent"],
        Field(description="What became of a mail whose outcome was not known."),
    ],
)


class Candidate(BaseModel):
    """A contact who could take over, best first, with the reason of its rank."""

    contact_id: UUID
    name: str = Field(description="The name of the contact.")
    email: str = Field(description="The address of the contact.")
    reason: str = Field(description="Why the contact has this rank.")


class EnrollmentBlocked(Event):
    """Something stands between a record and a sequence, until `enrollment.unblocked` with the same
    record and cause. Told again when what can be done about it has changed.
    """

    name: ClassVar[str] = "sequences.enrollment_blocked.v1"
    public_name: ClassVar[str | None] = "enrollment.blocked"

    cause: BlockCause
    sequence_id: UUID
    sequence_title: str = Field(description="The title of the sequence.")
    enrollment_id: UUID | None
    opportunity_id: UUID
    opportunity_name: str = Field(description="The name of the opportunity.")
    account_id: UUID | None
    account_name: str | None = Field(description="The name of the account; null: it has none.")
    contact_id: UUID | None = None
    candidates: list[Candidate] = Field(
        default_factory=list, description="Contacts who could take over, the best first."
    )
    assignee_key_role: str = Field(description="The key role whose holder gets the task.")
    due_business_days: int = Field(description="In how many business days the task is due.")
    available_actions: list[AvailableAction] = Field(
        default_factory=list,
        description="What a person can do about `manual_entry_required`; without `enroll` no step"
        " is left before the expiration.",
    )
    warnings: list[str] = Field(
        default_factory=list,
        description="What else stands in the way once this does not, such as a key role that nobody"
        " holds.",
    )


class EnrollmentUnblocked(Event):
    """What stood between a record and a sequence is gone."""

    name: ClassVar[str] = "sequences.enrollment_unblocked.v1"
    public_name: ClassVar[str | None] = "enrollment.unblocked"

    cause: BlockCause
    sequence_id: UUID
    opportunity_id: UUID


class _Enrollment(Event):
    enrollment_id: UUID
    sequence_id: UUID
    opportunity_id: UUID
    account_id: UUID | None
    contact_id: UUID | None


class EnrollmentStarted(_Enrollment):
    """A record entered a sequence."""

    name: ClassVar[str] = "sequences.enrollment_started.v1"
    public_name: ClassVar[str | None] = "enrollment.started"

    entry: EnrollmentEntry


class EnrollmentPaused(_Enrollment):
    """An enrollment stopped until a person, or what stopped it, lets it go on."""

    name: ClassVar[str] = "sequences.enrollment_paused.v1"
    public_name: ClassVar[str | None] = "enrollment.paused"

    reason: str = Field(description="Why it stopped, as `pause_reason` of the enrollment.")


class EnrollmentResumed(_Enrollment):
    """A paused enrollment goes on."""

    name: ClassVar[str] = "sequences.enrollment_resumed.v1"
    public_name: ClassVar[str | None] = "enrollment.resumed"


class EnrollmentExited(_Enrollment):
    """An enrollment ended."""

    name: ClassVar[str] = "sequences.enrollment_exited.v1"
    public_name: ClassVar[str | None] = "enrollment.exited"

    reason: str = Field(description="Why it ended, as `exit_reason` of the enrollment.")


class StepSkipped(_Enrollment):
    """A step of a sequence was passed over: its mail does not leave."""

    name: ClassVar[str] = "sequences.step_skipped.v1"
    public_name: ClassVar[str | None] = "enrollment.step_skipped"

    step_id: UUID = Field(description="The id of the step.")
    step_title: str = Field(description="The title of the step.")
    reason: str = Field(description="Why it was passed over, such as `manual`.")


class MessageSent(_Enrollment):
    """The mail transport accepted the mail at `sent_at` (workspace time)."""

    name: ClassVar[str] = "sequences.message_sent.v1"
    public_name: ClassVar[str | None] = "message.sent"

    message_id: UUID
    step_id: UUID = Field(description="The id of the step.")
    step_title: str = Field(description="The title of the step.")
    internet_message_id: str = Field(description="Its `Message-ID` header.")
    subject: str = Field(description="Its subject.")
    sender: str = Field(description="The address it came from.")
    sent_at: datetime = Field(description="When the server took it, in UTC.")


HoldReason = TypeAliasType(
    "HoldReason",
    Annotated[
        Literal[
            "outcome_unknown",
            "cannot_render",
            "mailbox_refused",
            "no_mailbox",
            "sender_inactive",
            "refused",
            "bad_address",
            "failed",
        ],
        Field(
            description="Why a mail is held. `outcome_unknown`: the server did not say whether it"
            " took"
            " it. `cannot_render`: a variable of its template is missing."
            " `mailbox_refused`: the server refused the mailbox. `no_mailbox`: its sender"
            " has none. `sender_inactive`: the member whose mailbox it is has left."
            " `refused`: the server refused the mail. `bad_address`: the address is none."
            " `failed`: something unexpected."
        ),
    ],
)


class MessageHeld(_Enrollment):
    """Not sent and not to be sent without a person or proof: outcome unknown, cannot be rendered,
    its address is none, or the member whose mailbox it is has left. `failed`: something unexpected.
    """

    name: ClassVar[str] = "sequences.message_held.v1"
    public_name: ClassVar[str | None] = "message.held"

    message_id: UUID
    step_id: UUID = Field(description="The id of the step.")
    step_title: str = Field(description="The title of the step.")
    reason: HoldReason
    detail: str = Field(description="What the server said, or more about the reason; for people.")


class MessageResolved(_Enrollment):
    """It is known what became of a mail whose outcome was unknown."""

    name: ClassVar[str] = "sequences.message_resolved.v1"
    public_name: ClassVar[str | None] = "message.resolved"

    message_id: UUID
    outcome: MessageOutcome


class OpportunityQuarantined(Event):
    """Its sequences could not be evaluated, so nothing of them happens. They are evaluated again
    when the record changes, and ever less often by themselves, until `OpportunityReleased`.
    """

    name: ClassVar[str] = "sequences.opportunity_quarantined.v1"

    opportunity_id: UUID
    opportunity_name: str | None
    account_id: UUID | None
    detail: str


class OpportunityReleased(Event):
    """What put it into quarantine is gone."""

    name: ClassVar[str] = "sequences.opportunity_released.v1"

    opportunity_id: UUID


class ManualEntryUsed(Event):
    """What the opportunity's `manually_enter_renewal_sequence` asked for is over: it entered and is
    out again, or could not enter any more. So the flag can be set again. It is told of the version
    of the opportunity that was seen here; who has changed it since asks for something new.
    """

    name: ClassVar[str] = "sequences.manual_entry_used.v1"

    opportunity_id: UUID
    opportunity_version: int


class ContactBounced(Event):
    """A hard bounce was matched to a mail of ours. Mark the contact everywhere."""

    name: ClassVar[str] = "sequences.contact_bounced.v1"
    public_name: ClassVar[str | None] = "contact.bounced"

    contact_id: UUID
    email: str = Field(description="The address that mail came back from.")
    message_id: UUID
    diagnostic: str | None = Field(description="What the other server said; null: nothing.")


class ContactReplied(_Enrollment):
    """A contact answered a mail, so the sequence has stopped."""

    name: ClassVar[str] = "sequences.contact_replied.v1"
    public_name: ClassVar[str | None] = "contact.replied"

    account_name: str | None = Field(description="The name of the account; null: it is not known.")
    contact_name: str = Field(description="The name of the contact.")
    subject: str = Field(description="The subject of the mail that was answered.")
    notify_key_role: str = Field(description="The key role whose holder hears of it.")
    internet_message_id: str | None = Field(
        default=None, description="The `Message-ID` header of the answer."
    )
    received_at: datetime | None = Field(default=None, description="When it came, in UTC.")


class ContactUnsubscribed(Event):
    """A recipient asked for no more mails."""

    name: ClassVar[str] = "sequences.contact_unsubscribed.v1"
    public_name: ClassVar[str | None] = "contact.unsubscribed"

    contact_id: UUID | None
    email: str = Field(description="The address that gets no more mails.")


class SequencerConfigured(ConfigurationChanged):
    name: ClassVar[str] = "sequences.configuration_changed.v1"
    service: ClassVar[str] = "sequencer"
