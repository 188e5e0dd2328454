from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation

from accounts_api.records.requests.schemas import (
    Domain,
    Holders,
    KeyRoles,
    RecordOut,
    Row,
    RowsIn,
    Source,
    Traits,
    rows_field,
)
from shared.schemas import Country, Currency, ExternalId, Minor, Name, Patch, TimeZone

LifecycleStatus = Literal["subscribed", "trial", "churned", "ignored"]

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


class AccountFields(Patch):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = None
    organization_id: UUID | None = None
    organization_external_id: ExternalId | None = None
    domain: Domain | None = None
    arr: Minor | None = None
    currency: Currency | None = None
    time_zone: TimeZone | None = None
    country: Country | None = None
    traits: Traits = Field(default_factory=dict)
    key_roles: KeyRoles = Field(default_factory=dict)


class AccountIn(AccountFields):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, FILLED]})

    name: Name


class AccountPatch(AccountFields):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"arr": 15_000_000}, {"traits": {"tier": "platinum"}}]}
    )


class AccountRow(AccountFields, Row):
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
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0015g00000XyZ9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[AccountRow]] = rows_field()


class AccountOut(RecordOut):
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
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-02-11T14:30:00Z",
                }
            ]
        }
    )

    organization_id: UUID | None
    name: str
    domain: str | None
    arr: int | None = Field(description="Minor units of `currency`.")
    currency: str | None
    lifecycle_status: LifecycleStatus
    lifecycle_status_since: datetime | None
    time_zone: str | None
    country: str | None
    key_roles: dict[str, Holders] | None = Field(
        default=None, description="Of one account always; in a list with `include=key_roles`."
    )
