"""What the accounts service tells. Record events carry the whole record, so hearers keep copies."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType, override

from shared.events.base import Event
from shared.value_types import literals

RecordType = TypeAliasType(
    "RecordType",
    Annotated[
        Literal["organization", "account", "contact", "opportunity"],
        Field(description="One of the record types that every workspace has."),
    ],
)
ChangeKind = TypeAliasType(
    "ChangeKind",
    Annotated[
        Literal["created", "updated", "deleted", "undeleted", "merged"],
        Field(description="What happened to a record."),
    ],
)
KeyRoleHolders = dict[str, list[UUID]]
"""Key role key (`csm`, `renewal_manager`, …) to the members who hold it now."""
MemberRole = TypeAliasType(
    "MemberRole",
    Annotated[
        Literal["admin", "leader", "team_member", "observer"],
        Field(description="The role of a member, which decides what they may do."),
    ],
)
LifecycleStatus = TypeAliasType(
    "LifecycleStatus",
    Annotated[
        Literal["subscribed", "trial", "churned", "ignored"],
        Field(description="What an account is by the first lifecycle rule that matches."),
    ],
)
EmailStatus = TypeAliasType(
    "EmailStatus",
    Annotated[
        Literal["ok", "bounced", "unsubscribed", "complained"],
        Field(
            description="Whether the address of a contact can be written to, as mails have shown."
        ),
    ],
)
OpportunityType = TypeAliasType(
    "OpportunityType",
    Annotated[
        Literal["renewal", "expansion", "new_business", "product_swap"],
        Field(description="What kind of deal an opportunity is."),
    ],
)
SegmentEntryReason = TypeAliasType(
    "SegmentEntryReason",
    Annotated[
        Literal["rule", "person"],
        Field(description="What put a record in a segment: its rule, or a person by hand."),
    ],
)
SegmentExitReason = TypeAliasType(
    "SegmentExitReason",
    Annotated[
        Literal["rule", "person", "deleted", "archived"],
        Field(
            description="What took a record out of a segment: its rule, a person by hand, that"
            " the record was deleted, or that the segment was archived."
        ),
    ],
)
ImportOutcome = TypeAliasType(
    "ImportOutcome",
    Annotated[
        Literal["finished", "failed", "cancelled"], Field(description="How an import ended.")
    ],
)
ManualEntryRefusal = TypeAliasType(
    "ManualEntryRefusal",
    Annotated[
        Literal["contract_expired", "opportunity_closed"],
        Field(description="Why an opportunity cannot enter the renewal sequence by hand any more."),
    ],
)


class WorkspaceChanged(Event):
    """A workspace was made, or its name, zone, settings or clock changed. Others copy it."""

    name: ClassVar[str] = "accounts.workspace_changed.v1"

    title: str
    time_zone: str
    currency: str
    sandbox: bool
    frozen_at: datetime | None
    settings: dict[str, Any]
    version: int


class MemberChanged(Event):
    name: ClassVar[str] = "accounts.member_changed.v1"
    public_name: ClassVar[str | None] = "member.changed"

    id: UUID
    version: int
    full_name: str
    email: str
    role: MemberRole
    time_zone: str | None = None
    active: bool
    external_id: str | None = None


class MemberHandedOver(Event):
    """What a leaving member held has gone to others. `accounts` key-role holdings were moved, each
    told by the change of its account before this. Whoever keeps more of theirs, such as open tasks,
    moves it now: to the new holder of a key role, else to `tasks_to`.
    """

    name: ClassVar[str] = "accounts.member_handed_over.v1"
    public_name: ClassVar[str | None] = "member.handed_over"

    handover_id: UUID
    member_id: UUID
    tasks_to: UUID | None
    accounts: int


class ApiKeyRevoked(Event):
    name: ClassVar[str] = "accounts.api_key_revoked.v1"

    id: UUID
    prefix: str


class RecordChanged(Event):
    """Common to the events of records.

    `changed` holds field names (`name`, `traits.tier`, `key_roles`); `record` is the state after
    the change as `GET` returns it, for a deletion the last one. `version` grows by one per change:
    a hearer drops what is older than its copy.
    """

    id: UUID
    version: int
    change: ChangeKind
    changed: list[str]
    merged_into: UUID | None = None

    noun: ClassVar[str]

    @classmethod
    @override
    def public_types(cls) -> tuple[str, ...]:
        return tuple(f"{cls.noun}.{change}" for change in literals(ChangeKind))

    @override
    def public_type(self) -> str:
        return f"{self.noun}.{self.change}"


class OrganizationRecord(BaseModel):
    id: UUID
    external_id: str | None
    name: str
    domain: str | None
    traits: dict[str, Any]


class AccountRecord(BaseModel):
    id: UUID
    external_id: str | None
    organization_id: UUID | None
    name: str
    domain: str | None
    arr: int | None
    currency: str | None
    time_zone: str | None
    country: str | None
    lifecycle_status: LifecycleStatus
    traits: dict[str, Any]
    key_roles: KeyRoleHolders = Field(default_factory=dict)


class ContactAccount(BaseModel):
    account_id: UUID
    plan_roles: list[str]


class ContactRecord(BaseModel):
    id: UUID
    external_id: str | None
    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    title: str | None
    time_zone: str | None
    email_status: EmailStatus
    deactivated_at: datetime | None
    traits: dict[str, Any]
    accounts: list[ContactAccount]


class OpportunityRecord(BaseModel):
    """`contract_expiration` is the day, in the customer's zone, on which the contract no longer
    holds: nothing may be sent on it or later. `arr` is in minor units of `currency`.
    """

    id: UUID
    external_id: str | None
    account_id: UUID | None
    name: str
    type: OpportunityType
    stage: str | None
    is_closed: bool
    is_won: bool
    close_date: str | None
    contract_start: str | None
    contract_expiration: str | None
    arr: int | None
    currency: str | None
    deal_room_url: str | None
    manually_enter_renewal_sequence: bool
    renewal_sequence_status: str | None
    renewal_sequence_status_at: datetime | None
    traits: dict[str, Any]


class ObjectRecord(BaseModel):
    """An instance of an object type that the workspace defined. The ids of records that the type
    does not link to are null.
    """

    id: UUID
    external_id: str | None
    name: str
    organization_id: UUID | None = None
    account_id: UUID | None = None
    contact_id: UUID | None = None
    opportunity_id: UUID | None = None
    traits: dict[str, Any]


class OrganizationChanged(RecordChanged):
    name: ClassVar[str] = "accounts.organization_changed.v1"
    record: OrganizationRecord

    noun: ClassVar[str] = "organization"


class AccountChanged(RecordChanged):
    name: ClassVar[str] = "accounts.account_changed.v1"
    record: AccountRecord

    noun: ClassVar[str] = "account"


class ContactChanged(RecordChanged):
    name: ClassVar[str] = "accounts.contact_changed.v1"
    record: ContactRecord

    noun: ClassVar[str] = "contact"


class OpportunityChanged(RecordChanged):
    name: ClassVar[str] = "accounts.opportunity_changed.v1"
    record: OpportunityRecord

    noun: ClassVar[str] = "opportunity"


class ObjectChanged(RecordChanged):
    """`object_type` is the key of the type, such as `project`."""

    name: ClassVar[str] = "accounts.object_changed.v1"
    object_type: str
    object_type_id: UUID
    record: ObjectRecord

    noun: ClassVar[str] = "object"


class LifecycleStatusChanged(Event):
    name: ClassVar[str] = "accounts.lifecycle_status_changed.v1"
    public_name: ClassVar[str | None] = "account.lifecycle_status_changed"

    account_id: UUID
    before: str | None
    after: str
    effective_at: datetime
    rule_id: UUID | None


class SegmentChanged(Event):
    """A definition was made, edited or archived (`archived`)."""

    name: ClassVar[str] = "accounts.segment_changed.v1"
    public_name: ClassVar[str | None] = "segment.changed"

    id: UUID
    title: str
    record_type: RecordType
    version: int
    archived: bool


class SegmentEntered(Event):
    """`effective_at` is workspace time: for a rule with dates, the instant at which it flipped."""

    name: ClassVar[str] = "accounts.segment_entered.v1"
    public_name: ClassVar[str | None] = "segment.entered"

    segment_id: UUID
    segment_title: str
    record_type: RecordType
    record_id: UUID
    effective_at: datetime
    reason: SegmentEntryReason
    resumed: bool = False
    """Its account was ignored and is no longer. Partners are not told: nothing new happened."""

    @override
    def public_type(self) -> str | None:
        return None if self.resumed else self.public_name


class SegmentLeft(Event):
    name: ClassVar[str] = "accounts.segment_left.v1"
    public_name: ClassVar[str | None] = "segment.left"

    segment_id: UUID
    segment_title: str
    record_type: RecordType
    record_id: UUID
    effective_at: datetime
    reason: SegmentExitReason


class ImportFinished(Event):
    """An import of a file has ended. `processed_rows` of the file were read; each was
    created, updated, unchanged or rejected. Cancelled or failed, what was written stays.
    """

    name: ClassVar[str] = "accounts.import_finished.v1"
    public_name: ClassVar[str | None] = "import.finished"

    id: UUID
    record_type: str
    file_name: str
    status: ImportOutcome
    failure: str | None
    rows: int
    processed_rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int


class ManualEntryRefused(Event):
    """Someone set `manually_enter_renewal_sequence` on an opportunity that cannot enter now."""

    name: ClassVar[str] = "accounts.manual_entry_refused.v1"
    public_name: ClassVar[str | None] = "opportunity.manual_entry_refused"

    opportunity_id: UUID
    opportunity_name: str
    account_id: UUID | None
    account_name: str | None
    contract_expiration: str | None
    reason: ManualEntryRefusal
