"""What the accounts service tells. Record events carry the whole record, so hearers keep copies."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType, override

from shared.calendar_definition import CalendarDefinition
from shared.events.base import Event
from shared.events.records import (
    AccountRecord,
    ChangeKind,
    ContactRecord,
    ObjectRecord,
    OpportunityRecord,
    OrganizationRecord,
    RecordType,
)
from shared.value_types import literals

MemberRole = TypeAliasType(
    "MemberRole",
    Annotated[
        Literal["admin", "leader", "team_member", "observer"],
        Field(description="The role of a member, which decides what they may do."),
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
    """A member of the workspace was added, or what is known of them changed."""

    name: ClassVar[str] = "accounts.member_changed.v1"
    public_name: ClassVar[str | None] = "member.changed"

    id: UUID
    version: int
    full_name: str = Field(description="Their name.")
    email: str = Field(description="Their address, by which they sign in.")
    role: MemberRole
    time_zone: str | None = None
    active: bool = Field(description="Whether they can sign in.")
    external_id: str | None = None
    calendar_id: UUID | None = Field(
        default=None,
        description="The id of the calendar they work by; null: the workspace's default.",
    )


class CalendarChanged(Event):
    """A calendar was made, edited or deleted. Others copy it."""

    name: ClassVar[str] = "accounts.calendar_changed.v1"
    public_name: ClassVar[str | None] = "calendar.changed"

    id: UUID
    key: str = Field(description="The key of the calendar.")
    title: str = Field(description="The title of the calendar.")
    time_zone: str | None = Field(
        description="The IANA zone of its hours; null: that of whoever works by it."
    )
    default: bool = Field(description="Whether it is the calendar of the workspace.")
    definition: CalendarDefinition = Field(description="Which days are worked, and when.")
    deleted: bool = Field(description="Whether it is gone.")
    version: int


class MemberHandedOver(Event):
    """What a leaving member held has gone to others. Holdings of key roles were moved, each with a
    change of its account before this. Open tasks go to the new holder of their key role, else to
    `tasks_to`.
    """

    name: ClassVar[str] = "accounts.member_handed_over.v1"
    public_name: ClassVar[str | None] = "member.handed_over"

    handover_id: UUID = Field(description="The id of the handover.")
    member_id: UUID
    tasks_to: UUID | None = Field(
        description="The member who gets their other open tasks; null: these wait in the queue."
    )
    accounts: int = Field(description="How many holdings of key roles went to others.")


class ApiKeyRevoked(Event):
    name: ClassVar[str] = "accounts.api_key_revoked.v1"

    id: UUID
    prefix: str


class RecordChanged(Event):
    """Common to the events of records.

    `changed` holds field names (`name`, `traits.tier`, `key_roles`); `record` is the state after
    the change as `GET` returns it, for a deletion the last one. With each change `version` grows,
    or `computed_version`, or both: a hearer drops what is older than its copy by `revision`.
    """

    id: UUID
    version: int
    computed_version: int = Field(
        default=0,
        description="Counts changes of what Tenure works out itself, `version` all others.",
    )
    change: ChangeKind
    changed: list[str] = Field(
        description="The names of the fields that changed, such as `name`, `traits.tier` or"
        " `key_roles`."
    )
    previous: dict[str, Any] = Field(
        default={},
        description="What those fields held before, by the same names: null where nothing was."
        " Empty for a record that was created.",
    )
    corrected: list[str] = Field(
        default=[],
        description="Fields of which only the past is another now, because that was told late.",
    )
    effective_at: datetime | None = Field(
        default=None,
        description="Since when it was told to have been so; null: since it was written.",
    )
    merged_into: Annotated[
        UUID | None,
        Field(description="The id of the record that stays, when it was merged; null otherwise."),
    ] = None

    noun: ClassVar[str]

    @property
    def revision(self) -> int:
        """Greater with every change of the record."""
        return self.version + self.computed_version

    @classmethod
    @override
    def public_types(cls) -> tuple[str, ...]:
        return tuple(f"{cls.noun}.{change}" for change in literals(ChangeKind))

    @override
    def public_type(self) -> str:
        return f"{self.noun}.{self.change}"


class OrganizationChanged(RecordChanged):
    """What happened to an organization, and its state."""

    name: ClassVar[str] = "accounts.organization_changed.v1"
    record: OrganizationRecord = Field(
        description="Its state after the change, as `GET` returns it; of a deletion the last one."
    )

    noun: ClassVar[str] = "organization"


class AccountChanged(RecordChanged):
    """What happened to an account, and its state."""

    name: ClassVar[str] = "accounts.account_changed.v1"
    record: AccountRecord = Field(
        description="Its state after the change, as `GET` returns it; of a deletion the last one."
    )

    noun: ClassVar[str] = "account"


class ContactChanged(RecordChanged):
    """What happened to a contact, and its state."""

    name: ClassVar[str] = "accounts.contact_changed.v1"
    record: ContactRecord = Field(
        description="Its state after the change, as `GET` returns it; of a deletion the last one."
    )

    noun: ClassVar[str] = "contact"


class OpportunityChanged(RecordChanged):
    """What happened to an opportunity, and its state."""

    name: ClassVar[str] = "accounts.opportunity_changed.v1"
    record: OpportunityRecord = Field(
        description="Its state after the change, as `GET` returns it; of a deletion the last one."
    )

    noun: ClassVar[str] = "opportunity"


class ObjectChanged(RecordChanged):
    """What happened to an object, and its state."""

    name: ClassVar[str] = "accounts.object_changed.v1"
    object_type: str = Field(description="The key of its object type, such as `project`.")
    object_type_id: UUID = Field(description="The id of its object type.")
    record: ObjectRecord = Field(
        description="Its state after the change, as `GET` returns it; of a deletion the last one."
    )

    noun: ClassVar[str] = "object"


class LifecycleStatusChanged(Event):
    """The first lifecycle rule that matches an account is another one now."""

    name: ClassVar[str] = "accounts.lifecycle_status_changed.v1"
    public_name: ClassVar[str | None] = "account.lifecycle_status_changed"

    account_id: UUID
    before: str | None = Field(description="The status before; null: it had none.")
    after: str = Field(description="The status now.")
    effective_at: datetime = Field(description="When it changed, by the workspace's clock.")
    rule_id: UUID | None = Field(
        description="The lifecycle rule that matches now; null: none does."
    )


class SegmentChanged(Event):
    """The definition of a segment was made, edited or archived."""

    name: ClassVar[str] = "accounts.segment_changed.v1"
    public_name: ClassVar[str | None] = "segment.changed"

    id: UUID
    key: str | None = Field(default=None, description="The key of the segment.")
    title: str = Field(description="The title of the segment.")
    record_type: RecordType = Field(description="The type of the records in it.")
    version: int
    archived: bool = Field(description="Whether it is archived, so that nothing is in it.")


class SegmentEntered(Event):
    """A record is in a segment now. `effective_at` is workspace time: for a rule with dates, the
    instant at which it flipped.
    """

    name: ClassVar[str] = "accounts.segment_entered.v1"
    public_name: ClassVar[str | None] = "segment.entered"

    segment_id: UUID = Field(description="The id of the segment.")
    segment_title: str = Field(description="The title of the segment.")
    record_type: RecordType = Field(description="The type of the record.")
    record_id: UUID = Field(description="The id of the record.")
    effective_at: datetime = Field(description="When it happened, by the workspace's clock.")
    reason: SegmentEntryReason
    resumed: bool = Field(
        default=False,
        description="Its account was ignored and is no longer. Partners are not told: for them it"
        " is always false.",
    )

    @override
    def public_type(self) -> str | None:
        return None if self.resumed else self.public_name


class SegmentLeft(Event):
    """A record is no longer in a segment. `effective_at` is when it stopped to be, by the
    workspace's clock.
    """

    name: ClassVar[str] = "accounts.segment_left.v1"
    public_name: ClassVar[str | None] = "segment.left"

    segment_id: UUID = Field(description="The id of the segment.")
    segment_title: str = Field(description="The title of the segment.")
    record_type: RecordType = Field(description="The type of the record.")
    record_id: UUID = Field(description="The id of the record.")
    effective_at: datetime = Field(description="When it happened, by the workspace's clock.")
    reason: SegmentExitReason


class ImportFinished(Event):
    """An import of a file has ended. `processed_rows` of the file were read; each was
    created, updated, unchanged or rejected. Cancelled or failed, what was written stays.
    """

    name: ClassVar[str] = "accounts.import_finished.v1"
    public_name: ClassVar[str | None] = "import.finished"

    id: UUID
    record_type: str = Field(
        description="What the rows are: a record type, an object type, or `member` and the like."
    )
    file_name: str = Field(description="The name of the file.")
    status: ImportOutcome
    failure: str | None = Field(description="Why it failed, for people; null: it did not.")
    rows: int = Field(description="The rows of the file.")
    processed_rows: int = Field(description="The rows that were read.")
    created: int = Field(description="The rows that made a record.")
    updated: int = Field(description="The rows that changed a record.")
    unchanged: int = Field(description="The rows whose record was like that already.")
    rejected: int = Field(description="The rows that could not be written.")


class QuietBatchOpened(Event):
    """Records are written quietly under this batch. It may be heard several times: a client may add
    to its batch.
    """

    name: ClassVar[str] = "accounts.quiet_batch_opened.v1"

    id: UUID
    title: str = Field(description="What people call it, such as the name of a file.")


class ManualEntryRefused(Event):
    """Someone set `manually_enter_renewal_sequence` on an opportunity that cannot enter now."""

    name: ClassVar[str] = "accounts.manual_entry_refused.v1"
    public_name: ClassVar[str | None] = "opportunity.manual_entry_refused"

    opportunity_id: UUID
    opportunity_name: str = Field(description="The name of the opportunity.")
    account_id: UUID | None
    account_name: str | None = Field(description="The name of the account; null: it has none.")
    contract_expiration: str | None = Field(
        description="The day on which the contract no longer holds; null: not known."
    )
    reason: ManualEntryRefusal


ApiSchemaChangeKind = TypeAliasType(
    "ApiSchemaChangeKind",
    Annotated[
        Literal["added", "removed", "changed"],
        Field(description="What happened to a trait or an object type."),
    ],
)


class ApiSchemaChange(BaseModel):
    """One difference of a workspace's API to the version before."""

    change: ApiSchemaChangeKind = Field(description="What happened to what `path` names.")
    path: str = Field(description="A trait, `account.traits.tier`, or `object_types.project`.")
    breaking: bool = Field(
        description="Whether a client that was generated before may be refused, or read what it"
        " does not expect."
    )
    message: str = Field(description="What it means to a client, for people.")


class ApiSchemaChanged(Event):
    """A trait or an object type was made, changed or removed, so the API of the workspace has a new
    version.
    """

    name: ClassVar[str] = "accounts.api_schema_changed.v1"
    public_name: ClassVar[str | None] = "api_schema.changed"

    version: int = Field(description="Counted from 1, without gaps.")
    breaking: bool = Field(description="Whether one of the changes is.")
    changes: list[ApiSchemaChange] = Field(description="Against the version before.")
