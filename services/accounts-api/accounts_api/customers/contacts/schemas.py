from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation, model_validator

from accounts_api.customers.contacts.rules import EmailStatus
from accounts_api.records.requests.schemas import (
    RecordOut,
    Row,
    RowsIn,
    Source,
    Traits,
    rows_field,
)
from shared.schemas import (
    Email,
    ExternalId,
    In,
    Instant,
    Name,
    OneLine,
    Out,
    Patch,
    ShortText,
    TimeZone,
)

PlanRoles = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255), OneLine]],
    Field(max_length=100, description="Part in the account: Champion, Decision Maker, …"),
]

EXAMPLE: dict[str, Any] = {
    "external_id": "0035g00000AbC1AAAV",
    "first_name": "Grace",
    "last_name": "Hopper",
    "email": "grace@acme.example",
    "title": "VP Operations",
    "time_zone": "America/New_York",
}
SEARCH: dict[str, Any] = {
    "filter": 'email_status = "ok" and any accounts (arr >= 50000 USD)',
    "sort": "last_name,first_name",
    "include": ["accounts"],
}


class AccountLink(In):
    """The account by either of its ids, and what the contact is there."""

    account_id: UUID | None = None
    account_external_id: ExternalId | None = None
    plan_roles: PlanRoles = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_account(self) -> "AccountLink":
        if (self.account_id is None) == (self.account_external_id is None):
            raise ValueError("Say `account_id` or `account_external_id`, one of them.")
        return self


class ContactFields(Patch):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(
        default=None, description="Left out: the first and last name, else the e-mail address."
    )
    first_name: ShortText | None = None
    last_name: ShortText | None = None
    email: Email | None = None
    phone: ShortText | None = None
    title: ShortText | None = None
    time_zone: TimeZone | None = None
    deactivated_at: Instant | None = None
    traits: Traits = Field(default_factory=dict)
    accounts: list[AccountLink] | None = Field(
        default=None, max_length=200, description="All the contact's accounts; replaces the list."
    )


class ContactIn(ContactFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE,
                {
                    **EXAMPLE,
                    "traits": {"product_admin": True},
                    "accounts": [
                        {"account_external_id": "0015g00000XyZ1AAAV", "plan_roles": ["Champion"]}
                    ],
                },
            ]
        }
    )


class ContactPatch(ContactFields):
    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "COO", "phone": None}]})


class ContactRow(ContactFields, Row):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class ContactRows(RowsIn):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0035g00000AbC9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[ContactRow]] = rows_field()


class AccountLinkOut(Out):
    account_id: UUID
    plan_roles: list[str]


class ContactOut(RecordOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0004-7a3b-8c4d-5e6f708192a3",
                    "source": "salesforce",
                    "name": "Grace Hopper",
                    "phone": None,
                    "email_status": "ok",
                    "deactivated_at": None,
                    **EXAMPLE,
                    "traits": {"product_admin": True},
                    "accounts": [
                        {
                            "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                            "plan_roles": ["Champion"],
                        }
                    ],
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    title: str | None
    time_zone: str | None
    email_status: EmailStatus
    deactivated_at: datetime | None
    accounts: list[AccountLinkOut] | None = Field(
        default=None, description="Of one contact always; in a list with `include=accounts`."
    )
