"""The records as sequences see them."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Lock = Literal["none", "share", "hold"]
"""How long what was read stays true: at all, for all who share it, for one of them."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    id: UUID
    version: int
    deleted: bool
    account_id: UUID | None
    name: str
    type: str
    stage: str | None
    is_closed: bool
    contract_expiration: date | None
    arr: int | None
    currency: str | None
    deal_room_url: str | None
    manual_entry: bool
    traits: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    id: UUID
    deleted: bool
    name: str
    domain: str | None
    lifecycle_status: str
    time_zone: str | None
    country: str | None
    arr: int | None
    currency: str | None
    traits: dict[str, Any]
    key_roles: dict[str, list[str]]

    def holders_of(self, key_role: str) -> list[UUID]:
        return [UUID(holder) for holder in self.key_roles.get(key_role, ())]


@dataclass(frozen=True, slots=True)
class RecordSet:
    """Some opportunities, and the accounts that they belong to."""

    opportunities: dict[UUID, Opportunity]
    accounts: dict[UUID, Account]

    def account_of(self, opportunity_id: UUID) -> Account | None:
        opportunity = self.opportunities.get(opportunity_id)
        account_id = opportunity.account_id if opportunity else None
        return self.accounts.get(account_id) if account_id else None


@dataclass(frozen=True, slots=True)
class Contact:
    id: UUID
    deleted: bool
    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    address: str | None
    title: str | None
    time_zone: str | None
    email_status: str
    deactivated: bool
    traits: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountContact:
    """A contact in its part in one account."""

    account_id: UUID
    plan_roles: list[str]
    contact: Contact


@dataclass(frozen=True, slots=True)
class Member:
    id: UUID
    full_name: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True)
class Segment:
    id: UUID
    title: str
    record_type: str
    archived: bool
    key: str | None = None
    """None when no event has told it yet."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Where the customer is: `wall` tells the time at which to write, `all` when a day begins."""

    wall: ZoneInfo
    all: tuple[ZoneInfo, ...]


def zones_of(contact: Contact | None, account: Account | None, workspace: ZoneInfo) -> Zones:
    """The contact's zone, else the account's, else the workspace's. A contract is over as soon as
    its day begins in any zone the customer is known to be in.
    """
    of_contact = zone_or_none(contact.time_zone if contact else None)
    of_account = zone_or_none(account.time_zone if account else None) or workspace
    known = (of_contact, of_account) if of_contact else (of_account,)
    return Zones(of_contact or of_account, known)


def zone_or_none(name: str | None) -> ZoneInfo | None:
    """A CRM may hold any text; what is no IANA zone counts as unknown."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
