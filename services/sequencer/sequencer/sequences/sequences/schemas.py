from collections.abc import Iterable, Iterator
from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from shared.schemas import Email, IfUnreadable, In, OneLine, Out, Patch, Slug, StoredOut, Title

State = Literal["draft", "enabled", "disabled", "archived"]

_ID = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
_STEP: dict[str, Any] = {
    "id": "0198c0de-90da-7c3e-9b5d-2f4e6a8c0b1d",
    "title": "90 days before",
    "offset_days": -90,
    "subject": "Your renewal on {{ opportunity.contract_expiration | date: '%B %-d' }}",
    "text": "Hi {{ contact.first_name | default: 'there' }},\n\nall about your renewal is here:"
    " {{ opportunity.deal_room_url }}\n\n{{ sender.name }}\n\nNo more of these:"
    " {{ unsubscribe_url }}\n",
    "html": None,
    "send_window": None,
}
_DEFINITION: dict[str, Any] = {
    "anchor": "opportunity.contract_expiration",
    "audience_segment_id": "0198c0de-5e60-7c3e-9b5d-2f4e6a8c0b1d",
    "account_segment_id": None,
    "steps": [_STEP],
    "sender": {"key_role": "csm", "mailbox_id": None},
    "reply_to": None,
    "send_window": {
        "start": "09:00",
        "end": "17:00",
        "weekdays": [1, 2, 3, 4, 5],
        "skip_public_holidays": False,
    },
    "entry": {"late_grace_days": 7, "require_deal_room": True, "manual_flag": True},
    "contact_selector": {"trait": "product_admin"},
    "caps": {"mailbox_per_day": None, "contact_per_day": 1},
    "tasks": {"assignee_key_role": "renewal_manager", "due_business_days": 2},
    "notify_key_role": "csm",
}
_SEQUENCE: dict[str, Any] = {
    "id": _ID,
    "version": 3,
    "title": "Scaled renewals",
    "state": "enabled",
    **_DEFINITION,
    "published_version": 1,
    "has_unpublished_changes": False,
    "audience_title": "Scaled renewals due within 90 days",
    "created_at": "2026-10-05T08:00:00Z",
    "updated_at": "2026-10-06T08:00:00Z",
    "unreadable": None,
}

SEND_DEADLINE: Any = Field(
    description="Mails leave before this instant, or not at all: a minute before the contract is"
    " over, where the customer is first. Null without an expiration."
)
WallTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Template = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1_000), OneLine]
Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday.")]


class SendWindow(In):
    """When mails may leave, in the contact's zone, else the account's, else the workspace's."""

    start: WallTime = "09:00"
    end: WallTime = Field(default="17:00", description="Not included; `24:00` is midnight.")
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] = [1, 2, 3, 4, 5]
    skip_public_holidays: bool = Field(
        default=False, description="Nothing leaves on holidays of the account's country."
    )

    @model_validator(mode="after")
    def _opens(self) -> "SendWindow":
        if self.end <= self.start:
            raise ValueError("The window ends before it begins.")
        return self

    def times(self) -> tuple[time, time]:
        """As wall times; midnight at the end is 00:00."""
        end = "00:00" if self.end == "24:00" else self.end
        return time.fromisoformat(self.start), time.fromisoformat(end)


class Step(In):
    id: UUID | None = Field(
        default=None, description="Keep it when you edit a step: who had it never gets it again."
    )
    title: Title
    offset_days: Annotated[
        int, Field(ge=-365, le=-1, description="Days from the anchor; -30 is 30 days before.")
    ]
    subject: Line = Field(description="Liquid.")
    text: Template = Field(description="Liquid; the plain text of the mail.")
    html: Template | None = Field(default=None, description="Liquid; values are escaped.")
    send_window: SendWindow | None = Field(
        default=None, description="Null: the window of the sequence."
    )

    @property
    def known_id(self) -> UUID:
        """Stored steps have one."""
        if self.id is None:
            raise ValueError("This step was never stored.")
        return self.id


def templates_of(steps: Iterable[Step]) -> Iterator[tuple[str, str, bool]]:
    """Pointer, source, is it HTML."""
    for at, step in enumerate(steps):
        yield f"/steps/{at}/subject", step.subject, False
        yield f"/steps/{at}/text", step.text, False
        if step.html is not None:
            yield f"/steps/{at}/html", step.html, True


class SenderIn(In):
    """The mailbox of the member who holds a key role of the account, or one shared mailbox."""

    key_role: Slug | None = None
    mailbox_id: UUID | None = None

    @model_validator(mode="after")
    def _one(self) -> "SenderIn":
        if (self.key_role is None) == (self.mailbox_id is None):
            raise ValueError("Name either `key_role` or `mailbox_id`.")
        return self


class EntryRules(In):
    late_grace_days: Annotated[
        int,
        Field(
            ge=0,
            le=365,
            description="How many days after the first step's day a record may still enter by"
            " itself. Later it takes a person (`manual_entry_required`).",
        ),
    ] = 7
    require_deal_room: bool = Field(
        default=True, description="False: a record without a deal room enters too."
    )
    manual_flag: bool = Field(
        default=True,
        description="Setting `manually_enter_renewal_sequence` on an opportunity enters it here.",
    )


class ContactSelector(In):
    trait: Slug | None = Field(
        default="product_admin",
        description="A contact with this trait true is written to. Null: any contact of the"
        " account, the best by account plan role first.",
    )


class Caps(In):
    mailbox_per_day: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Beside the mailbox's own cap. Null: only that one."
    )
    contact_per_day: Annotated[int, Field(ge=1, le=10)] = 1


class TaskRules(In):
    """Who gets the task when a record cannot enter or go on."""

    assignee_key_role: Slug = "renewal_manager"
    due_business_days: Annotated[int, Field(ge=0, le=60)] = 2


class Definition(In):
    """What a published version pins for every enrollment that entered under it."""

    anchor: Literal["opportunity.contract_expiration"] = "opportunity.contract_expiration"
    audience_segment_id: UUID | None = Field(
        default=None,
        description="Opportunities in this segment enter by themselves. Null: by hand only.",
    )
    account_segment_id: UUID | None = Field(
        default=None,
        description="However a record entered, it stays only while its account is in this segment.",
    )
    steps: Annotated[list[Step], Field(min_length=1, max_length=30)]
    sender: SenderIn = SenderIn(key_role="csm")
    reply_to: Email | None = None
    send_window: SendWindow = SendWindow()
    entry: EntryRules = EntryRules()
    contact_selector: ContactSelector = ContactSelector()
    caps: Caps = Caps()
    tasks: TaskRules = TaskRules()
    notify_key_role: Slug = Field(default="csm", description="Who hears of a reply.")

    def ordered(self) -> list[Step]:
        return sorted(self.steps, key=lambda step: step.offset_days)

    def templates(self) -> Iterator[tuple[str, str, bool]]:
        return templates_of(self.steps)


class SequenceIn(Definition):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Scaled renewals",
                    "audience_segment_id": _DEFINITION["audience_segment_id"],
                    "steps": [{k: v for k, v in _STEP.items() if k != "id"}],
                    "sender": {"key_role": "csm"},
                },
                {
                    "title": "Renewals that a person enters",
                    "steps": [{k: v for k, v in _STEP.items() if k != "id"}],
                },
            ]
        }
    )

    title: Title


class SequencePatch(Patch):
    """Changes the draft. What is enabled goes on as published until the draft is published."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"entry": {"late_grace_days": 14, "manual_flag": True}}]}
    )

    title: Title | None = None
    audience_segment_id: UUID | None = None
    account_segment_id: UUID | None = None
    steps: Annotated[list[Step], Field(min_length=1, max_length=30)] | None = None
    sender: SenderIn | None = None
    reply_to: Email | None = None
    send_window: SendWindow | None = None
    entry: EntryRules | None = None
    contact_selector: ContactSelector | None = None
    caps: Caps | None = None
    tasks: TaskRules | None = None
    notify_key_role: Slug | None = None


class SequenceOut(StoredOut):
    """The draft. `published_version` is what new enrollments are pinned to."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_SEQUENCE]})

    id: UUID
    version: int
    title: str
    state: State
    anchor: Annotated[str, IfUnreadable("opportunity.contract_expiration")]
    audience_segment_id: Annotated[UUID | None, IfUnreadable(None)]
    account_segment_id: Annotated[UUID | None, IfUnreadable(None)]
    steps: Annotated[list[Step], IfUnreadable([])]
    sender: Annotated[SenderIn, IfUnreadable(SenderIn(key_role="csm"))]
    reply_to: Annotated[str | None, IfUnreadable(None)]
    send_window: Annotated[SendWindow, IfUnreadable(SendWindow())]
    entry: Annotated[EntryRules, IfUnreadable(EntryRules())]
    contact_selector: Annotated[ContactSelector, IfUnreadable(ContactSelector())]
    caps: Annotated[Caps, IfUnreadable(Caps())]
    tasks: Annotated[TaskRules, IfUnreadable(TaskRules())]
    notify_key_role: Annotated[str, IfUnreadable("csm")]
    published_version: int | None
    has_unpublished_changes: bool
    audience_title: str | None = Field(
        description="Title of the audience segment, when known here."
    )
    created_at: datetime
    updated_at: datetime


class SequenceVersionOut(StoredOut):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "number": 1,
                    "definition": _DEFINITION,
                    "published_by": "Dana's key",
                    "published_at": "2026-10-06T08:00:00Z",
                    "unreadable": None,
                }
            ]
        },
    )

    number: int
    definition: Annotated[Definition | None, IfUnreadable(None)]
    published_by: str
    published_at: datetime


class VersionList(Out):
    data: list[SequenceVersionOut]


class PreviewIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"opportunity_id": "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d"}]}
    )

    opportunity_id: UUID = Field(description="The opportunity to render every step for.")
    contact_id: UUID | None = Field(default=None, description="Null: who would be written to.")


class WarningOut(Out):
    """What will go wrong unless somebody does something. It keeps no record out."""

    model_config = ConfigDict(from_attributes=True)

    code: Literal["vacant_key_role", "country_missing", "country_unknown"]
    message: str
    key_role: str | None = Field(description="The key role that nobody holds.")


class StepPreview(Out):
    """A step as this record's contact would get it. `problem` says why it could not be sent."""

    step_id: UUID
    title: str
    day: str | None
    due_at: datetime | None
    subject: str | None
    text: str | None
    html: str | None
    problem: str | None


class PreviewOut(Out):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "contact_id": "0198c0de-c0c0-7c3e-9b5d-2f4e6a8c0b1d",
                    "recipient": "ann@acme.example",
                    "sender": "dana@northwind.example",
                    "send_deadline": "2027-01-30T22:59:00Z",
                    "warnings": [],
                    "steps": [
                        {
                            "step_id": _STEP["id"],
                            "title": "90 days before",
                            "day": "2026-11-02",
                            "due_at": "2026-11-02T08:00:00Z",
                            "subject": "Your renewal on January 31",
                            "text": "Hi Ann, …",
                            "html": None,
                            "problem": None,
                        }
                    ],
                }
            ]
        },
    )

    contact_id: UUID | None
    recipient: str | None
    sender: str | None
    send_deadline: datetime | None = SEND_DEADLINE
    warnings: list[WarningOut]
    steps: list[StepPreview]
