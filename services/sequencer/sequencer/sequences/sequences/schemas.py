from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from typing_extensions import TypeAliasType

from sequencer.mail.send_windows.schemas import SendWindow
from shared.schemas import (
    Email,
    IfUnreadable,
    In,
    KeyOrId,
    NewKey,
    OneLine,
    Out,
    OwnKey,
    Patch,
    Slug,
    StoredOut,
    Title,
)

SequenceState = TypeAliasType(
    "SequenceState",
    Annotated[
        Literal["draft", "enabled", "disabled", "archived"],
        Field(
            description="`draft`: nobody enters yet. `enabled`: records enter. `disabled`: nobody"
            " enters, who is under way goes on. `archived`: it is over and does not"
            " change."
        ),
    ],
)
SequenceWarningCode = TypeAliasType(
    "SequenceWarningCode",
    Annotated[
        Literal["vacant_key_role", "country_missing", "country_unknown"],
        Field(
            description="What will go wrong. `vacant_key_role`: nobody holds a key role that the"
            " sequence names. `country_missing`, `country_unknown`: the account has no"
            " country whose public holidays are known."
        ),
    ],
)
SequenceAnchor = Literal["opportunity.contract_expiration"]
TITLE: Any = Field(description="What people call the sequence.")
ANCHOR: Any = Field(description="The date of the opportunity that steps count from.")
AUDIENCE: Any = Field(
    description="The segment, by id or key, whose opportunities enter by themselves. Null: by hand"
    " only."
)
ACCOUNT_SEGMENT: Any = Field(
    description="The segment, by id or key, in which the account must be: however a record entered,"
    " it stays only while it is. Null: whatever its account."
)
STEPS: Any = Field(description="Its mails, which leave in the order of `offset_days`.")
REPLY_TO: Any = Field(description="Where answers go; null: to the sender.")
NOTIFY: Any = Field(description="The key role of the account whose holder hears of a reply.")

_ID = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
STEP_EXAMPLE: dict[str, Any] = {
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
    "steps": [STEP_EXAMPLE],
    "sender": {"key_role": "csm", "mailbox_id": None},
    "reply_to": None,
    "send_window": {
        "start": "09:00",
        "end": "17:00",
        "weekdays": [1, 2, 3, 4, 5],
        "skip_closed_days": True,
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
    "key": "scaled_renewals",
    "title": "Scaled renewals",
    "state": "enabled",
    **_DEFINITION,
    "published_version": 1,
    "has_unpublished_changes": False,
    "audience_title": "Scaled renewals due within 90 days",
    "audience_segment_key": "scaled_renewals",
    "account_segment_key": None,
    "created_at": "2026-10-05T08:00:00Z",
    "updated_at": "2026-10-06T08:00:00Z",
    "unreadable": None,
}

SEND_DEADLINE: Any = Field(
    description="Mails leave before this instant, or not at all: a minute before the contract is"
    " over, where the customer is first. Null without an expiration."
)
Template = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1_000), OneLine]


class Step(In):
    """One mail of a sequence, and how long before the anchor it leaves."""

    id: UUID | None = Field(
        default=None, description="Keep it when you edit a step: who had it never gets it again."
    )
    title: Annotated[
        Title, Field(description="What people call the step, such as `90 days before`.")
    ]
    offset_days: Annotated[
        int, Field(ge=-365, le=-1, description="Days from the anchor; -30 is 30 days before.")
    ]
    subject: Line = Field(description="The subject of the mail: a Liquid template of one line.")
    text: Template = Field(description="The plain text of the mail: a Liquid template.")
    html: Template | None = Field(
        default=None,
        description="The HTML of the mail: a Liquid template whose values are escaped. Null: none.",
    )
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

    key_role: Annotated[
        Slug | None, Field(description="The key role whose holder's mailbox it is.")
    ] = None
    mailbox_id: Annotated[UUID | None, Field(description="The id of a shared mailbox.")] = None

    @model_validator(mode="after")
    def _one(self) -> "SenderIn":
        if (self.key_role is None) == (self.mailbox_id is None):
            raise ValueError("Name either `key_role` or `mailbox_id`.")
        return self


class EntryRules(In):
    """What a record must meet to enter by itself, and how a person enters it."""

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
    """Which contact of the account is written to."""

    trait: Slug | None = Field(
        default="product_admin",
        description="A contact with this trait true is written to; it is no formula that the days"
        " change. Null: any contact of the account, the best by account plan role first.",
    )


class Caps(In):
    """How many mails a day leave at most."""

    mailbox_per_day: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description="Mails of this sequence by one mailbox, beside that mailbox's own cap. Null:"
        " only that one.",
    )
    contact_per_day: Annotated[
        int, Field(ge=1, le=10, description="Mails to one contact, of whatever sequence.")
    ] = 1


class TaskRules(In):
    """Who gets the task when a record cannot enter or go on."""

    assignee_key_role: Annotated[
        Slug, Field(description="The key role of the account whose holder gets it.")
    ] = "renewal_manager"
    due_business_days: Annotated[
        int, Field(ge=0, le=60, description="In how many business days of the assignee it is due.")
    ] = 2


class Definition(In):
    """What a published version pins for every enrollment that entered under it."""

    anchor: Annotated[SequenceAnchor, ANCHOR] = "opportunity.contract_expiration"
    audience_segment_id: Annotated[UUID | None, AUDIENCE] = None
    account_segment_id: Annotated[UUID | None, ACCOUNT_SEGMENT] = None
    steps: Annotated[list[Step], Field(min_length=1, max_length=30), STEPS]
    sender: SenderIn = SenderIn(key_role="csm")
    reply_to: Annotated[Email | None, REPLY_TO] = None
    send_window: SendWindow = SendWindow()
    entry: EntryRules = EntryRules()
    contact_selector: ContactSelector = ContactSelector()
    caps: Caps = Caps()
    tasks: TaskRules = TaskRules()
    notify_key_role: Annotated[Slug, NOTIFY] = "csm"

    def ordered(self) -> list[Step]:
        return sorted(self.steps, key=lambda step: step.offset_days)

    def templates(self) -> Iterator[tuple[str, str, bool]]:
        return templates_of(self.steps)


class SequenceIn(Definition):
    """A dated series of mails, as a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Scaled renewals",
                    "audience_segment_id": _DEFINITION["audience_segment_id"],
                    "steps": [{k: v for k, v in STEP_EXAMPLE.items() if k != "id"}],
                    "sender": {"key_role": "csm"},
                },
                {
                    "title": "Renewals that a person enters",
                    "steps": [{k: v for k, v in STEP_EXAMPLE.items() if k != "id"}],
                },
            ]
        }
    )

    key: NewKey = None
    title: Annotated[Title, TITLE]
    audience_segment_id: Annotated[KeyOrId | None, AUDIENCE] = None  # type: ignore[assignment]
    account_segment_id: Annotated[KeyOrId | None, ACCOUNT_SEGMENT] = None  # type: ignore[assignment]


class SequencePatch(Patch):
    """Changes the draft. What is enabled goes on as published until the draft is published."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"entry": {"late_grace_days": 14, "manual_flag": True}}]}
    )

    title: Annotated[Title | None, TITLE] = None
    audience_segment_id: Annotated[KeyOrId | None, AUDIENCE] = None
    account_segment_id: Annotated[KeyOrId | None, ACCOUNT_SEGMENT] = None
    steps: Annotated[Annotated[list[Step], Field(min_length=1, max_length=30)] | None, STEPS] = None
    sender: SenderIn | None = None
    reply_to: Annotated[Email | None, REPLY_TO] = None
    send_window: SendWindow | None = None
    entry: EntryRules | None = None
    contact_selector: ContactSelector | None = None
    caps: Caps | None = None
    tasks: TaskRules | None = None
    notify_key_role: Annotated[Slug | None, NOTIFY] = None


class SequenceOut(StoredOut):
    """The draft. `published_version` is what new enrollments are pinned to."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_SEQUENCE]})

    id: UUID
    version: int
    key: OwnKey
    title: Annotated[str, TITLE]
    state: SequenceState
    anchor: Annotated[str, IfUnreadable("opportunity.contract_expiration"), ANCHOR]
    audience_segment_id: Annotated[UUID | None, IfUnreadable(None), AUDIENCE]
    account_segment_id: Annotated[UUID | None, IfUnreadable(None), ACCOUNT_SEGMENT]
    steps: Annotated[list[Step], IfUnreadable([]), STEPS]
    sender: Annotated[SenderIn, IfUnreadable(SenderIn(key_role="csm"))]
    reply_to: Annotated[str | None, IfUnreadable(None), REPLY_TO]
    send_window: Annotated[SendWindow, IfUnreadable(SendWindow())]
    entry: Annotated[EntryRules, IfUnreadable(EntryRules())]
    contact_selector: Annotated[ContactSelector, IfUnreadable(ContactSelector())]
    caps: Annotated[Caps, IfUnreadable(Caps())]
    tasks: Annotated[TaskRules, IfUnreadable(TaskRules())]
    notify_key_role: Annotated[str, IfUnreadable("csm"), NOTIFY]
    published_version: int | None = Field(
        description="The version that new enrollments are pinned to; null: none was published."
    )
    has_unpublished_changes: bool = Field(
        description="Whether the draft differs from what is published."
    )
    audience_title: str | None = Field(
        description="Title of the audience segment, when known here."
    )
    audience_segment_key: str | None = Field(
        description="The key of the audience segment, which is the same in a sandbox and in"
        " production and may stand for its id; null of an archived one, or when not known here yet."
    )
    account_segment_key: str | None = Field(
        description="The key of the segment of accounts, in the same way."
    )
    created_at: datetime
    updated_at: datetime


class SequenceVersionOut(StoredOut):
    """A version that was published. It never changes."""

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

    number: int = Field(description="Counts the versions of the sequence from 1.")
    definition: Annotated[
        Definition | None,
        IfUnreadable(None),
        Field(description="What it does; null when it cannot be read any more."),
    ]
    published_by: str = Field(description="The name of the member or key that published it.")
    published_at: datetime = Field(description="When it was published, in UTC.")


class VersionList(Out):
    """All published versions of a sequence."""

    data: list[SequenceVersionOut] = Field(description="Newest first.")


class WarningOut(Out):
    """What will go wrong unless somebody does something. It keeps no record out."""

    model_config = ConfigDict(from_attributes=True)

    code: SequenceWarningCode
    message: str = Field(description="What will go wrong and what helps, for people.")
    key_role: str | None = Field(description="The key role that nobody holds.")
