from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    Domain,
    Holders,
    KeyRoles,
    RecordFields,
    RecordOut,
    Row,
)
from shared.bulk import RowsIn, rows_field
from shared.events.records import LifecycleStatus
from shared.schemas import Country, Currency, ExternalId, Minor, Name, Source, TimeZone, Traits

EXAMPLE: dict[str, Any] = {
    "name": "Acme Analytics",
    "external_id": "0015g00000XyZ1AAAV",
    "domain": "acme.example",
    "arr": 12_500_000,
    "currency": "USD",
    "time_zone": "America/New_York",
    "country": "US",
}
SEARCH: dict[str, Any] = {
    "filter": {
        "all": [
            {"field": "lifecycle_status", "op": "eq", "value": "subscribed"},
            {"field": "arr", "op": "gte", "value": 5000000},
        ]
    },
    "sort": "-arr,name",
    "limit": 50,
    "include": ["key_roles"],
}
FILLED: dict[str, Any] = {
    **EXAMPLE,
    "traits": {"tier": "gold", "seats": 140},
    "key_roles": {"csm": ["0198c0de-0009-7a3b-8c4d-5e6f708192a3"]},
}


class AccountFields(RecordFields):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(default=None, description="What the account is called.")
    organization_id: UUID | None = Field(
        default=None, description="The id of the organization that the account belongs to."
    )
    organization_external_id: ExternalId | None = Field(
        default=None,
        description="The organization by its `external_id`, in place of `organization_id`.",
    )
    domain: Domain | None = Field(
        default=None,
        description="The customer's domain. A website is taken as its domain:"
        " `https://www.acme.example/about` too.",
    )
    arr: Minor | None = Field(
        default=None,
        description="Annual recurring revenue in minor units of `currency`, such as cents.",
    )
    currency: Currency | None = Field(
        default=None,
        description="The ISO 4217 code of the currency of `arr`, such as `USD`; an amount without"
        " one takes the workspace's.",
    )
    time_zone: TimeZone | None = Field(
        default=None,
        description="Where the customer is, as an IANA name such as `America/New_York`. Business"
        " hours and days of mails follow it.",
    )
    country: Country | None = None
    traits: Traits = Field(default_factory=dict)
    key_roles: KeyRoles = Field(default_factory=dict)


class AccountIn(AccountFields):
    """An account to be created."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, FILLED]})

    name: Name = Field(description="What the account is called.")


class AccountPatch(AccountFields):
    """The fields of an account to change: one that is left out stays, null clears it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"arr": 15_000_000}, {"traits": {"tier": "platinum"}}]}
    )


class AccountRow(AccountFields, Row):
    """A row of a bulk write: the account by either of its ids, and what to change of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "external_id": "0015g00000XyZ1AAAV",
                    "name": "Acme Analytics",
                    "arr": 12_500_000,
                    "currency": "USD",
                }
            ]
        }
    )


class AccountRows(RowsIn):
    """Rows of accounts to create or change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0015g00000XyZ9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[AccountRow]] = rows_field()


class AccountOut(RecordOut):
    """An account: a customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    "source": "salesforce",
                    "organization_id": None,
                    "lifecycle_status": "subscribed",
                    "lifecycle_status_since": "2026-01-05T09:00:00Z",
                    **FILLED,
                    "version": 3,
                    "computed_version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-02-11T14:30:00Z",
                }
            ]
        }
    )

    organization_id: UUID | None = Field(
        description="The id of the organization that the account belongs to; null when it belongs"
        " to none."
    )
    name: str = Field(description="What the account is called.")
    domain: str | None = Field(
        description="The customer's domain, such as `acme.example`; null when it is not known."
    )
    arr: int | None = Field(
        description="Annual recurring revenue in minor units of `currency`, such as cents; null"
        " when it is not known."
    )
    currency: str | None = Field(
        description="The ISO 4217 code of the currency of `arr`; null when there is no amount."
    )
    lifecycle_status: LifecycleStatus = Field(
        description="What the account is by the first lifecycle rule that matches; only rules set"
        " it."
    )
    lifecycle_status_since: datetime | None = Field(
        description="Since when the account has this status, by the workspace's clock."
    )
    time_zone: str | None = Field(
        description="Where the customer is, as an IANA name; null when it is not known."
    )
    country: str | None = Field(
        description="The customer's country by its ISO 3166 code, such as `DE`; null when it is not"
        " known."
    )
    key_roles: dict[str, Holders] | None = Field(
        default=None,
        description="Members by key role, such as `csm`. One account always has them, a list with"
        " `include=key_roles`.",
    )
