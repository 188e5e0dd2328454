"""What each type of customer record is made of: the one description that reads and writes share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from pydantic import BaseModel

from accounts_api.records.rules import State, settle_contact, settle_nothing
from shared.events import accounts as events
from shared.events.accounts import RecordType

SqlType = Literal["text", "bigint", "boolean", "date", "timestamptz", "uuid"]
Part = Literal["key_roles", "accounts"]
"""What belongs to a record but lives in a table of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: SqlType = "text"
    required: bool = False
    """Never null, in any record."""
    default: Any = None
    hidden: bool = False
    """Kept for our own look-ups; not part of the record that others see."""


@dataclass(frozen=True)
class Parent:
    """A column that holds the id of a record of another type."""

    column: str
    noun: RecordType

    @property
    def by_external_id(self) -> str:
        return f"{self.noun}_external_id"


@dataclass(frozen=True, eq=False)
class Kind:
    """There is one of each, compared by identity: statements are cached by it."""

    noun: RecordType
    plural: str
    """Its table, and its path below /v1."""
    columns: tuple[Column, ...]
    event: type[events.RecordChanged]
    record: type[BaseModel]
    parent: Parent | None = None
    part: Part | None = None
    settle: Callable[[Mapping[str, Any] | None, State], None] = settle_nothing
    """(before, after): sets what follows from the record's other fields."""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def instants(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.type == "timestamptz")

    @cached_property
    def shown(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not column.hidden)


_SEARCH: Final = Column("search_text", hidden=True)

ORGANIZATION: Final = Kind(
    "organization",
    "organizations",
    (Column("name", required=True), Column("domain"), _SEARCH),
    events.OrganizationChanged,
    events.OrganizationRecord,
)
ACCOUNT: Final = Kind(
    "account",
    "accounts",
    (
        Column("organization_id", "uuid"),
        Column("name", required=True),
        Column("domain"),
        Column("arr", "bigint"),
        Column("currency"),
        Column("lifecycle_status", required=True, default="subscribed"),
        Column("lifecycle_status_since", "timestamptz"),
        Column("time_zone"),
        Column("country"),
        _SEARCH,
    ),
    events.AccountChanged,
    events.AccountRecord,
    parent=Parent("organization_id", "organization"),
    part="key_roles",
)
CONTACT: Final = Kind(
    "contact",
    "contacts",
    (
        Column("name", required=True),
        Column("first_name"),
        Column("last_name"),
        Column("email"),
        Column("email_key", hidden=True),
        Column("phone"),
        Column("title"),
        Column("time_zone"),
        Column("email_status", required=True, default="ok"),
        Column("deactivated_at", "timestamptz"),
        _SEARCH,
    ),
    events.ContactChanged,
    events.ContactRecord,
    part="accounts",
    settle=settle_contact,
)
OPPORTUNITY: Final = Kind(
    "opportunity",
    "opportunities",
    (
        Column("account_id", "uuid"),
        Column("name", required=True),
        Column("type", required=True),
        Column("stage"),
        Column("is_closed", "boolean", required=True, default=False),
        Column("is_won", "boolean", required=True, default=False),
        Column("close_date", "date"),
        Column("contract_start", "date"),
        Column("contract_expiration", "date"),
        Column("arr", "bigint"),
        Column("currency"),
        Column("deal_room_url"),
        Column("manually_enter_renewal_sequence", "boolean", required=True, default=False),
        Column("renewal_sequence_status"),
        Column("renewal_sequence_status_at", "timestamptz"),
        _SEARCH,
    ),
    events.OpportunityChanged,
    events.OpportunityRecord,
    parent=Parent("account_id", "account"),
)

KINDS: Final[Mapping[RecordType, Kind]] = {
    kind.noun: kind for kind in (ORGANIZATION, ACCOUNT, CONTACT, OPPORTUNITY)
}
