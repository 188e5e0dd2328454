from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation, model_validator

from accounts_api.records.requests.schemas import (
    RecordFields,
    RecordOut,
    Row,
)
from shared.bulk import RowsIn, rows_field
from shared.events.records import EmailStatus
from shared.schemas import (
    Email,
    ExternalId,
    In,
    Instant,
    Name,
    OneLine,
    Out,
    ShortText,
    Source,
    TimeZone,
    Traits,
)

PlanRoles = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255), OneLine]],
    Field(max_length=100, description="The contact's roles in the account, such as `Champion`."),
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

    account_id: UUID | None = Field(
        default=None, description="The id of the account; or name it by `account_external_id`."
    )
    account_external_id: ExternalId | None = Field(
        default=None, description="The account by its `external_id`, in place of `account_id`."
    )
    plan_roles: PlanRoles = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_account(self) -> "AccountLink":
        if (self.account_id is None) == (self.account_external_id is None):
            raise ValueError("Say `account_id` or `account_external_id`, one of them.")
        return self


class ContactFields(RecordFields):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(
        default=None,
        description="The person's name. Left out, it is the first and last name, else the e-mail"
        " address.",
    )
    first_name: ShortText | None = Field(default=None, description="The person's given name.")
    last_name: ShortText | None = Field(default=None, description="The person's family name.")
    email: Email | None = Field(
        default=None, description="The person's e-mail address, to which sequences send mails."
    )
    phone: ShortText | None = Field(
        default=None, description="The person's telephone number, as people write it."
    )
    title: ShortText | None = Field(
        default=None, description="The person's position, such as `VP Operations`."
    )
    time_zone: TimeZone | None = Field(
        default=None, description="Where the person is, as an IANA name such as `America/New_York`."
    )
    deactivated_at: Instant | None = Field(
        default=None,
        description="Since when nothing is sent to the contact any more. No rule takes back what is"
        " set here; null makes the contact active again.",
    )
    traits: Traits = Field(default_factory=dict)
    accounts: list[AccountLink] | None = Field(
        default=None, max_length=200, description="All the contact's accounts; replaces the list."
    )


class ContactIn(ContactFields):
    """A contact to be created; it needs a name or an e-mail address."""

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
    """The fields of a contact to change: one that is left out stays, null clears it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "COO", "phone": None}]})


class ContactRow(ContactFields, Row):
    """A row of a bulk write: the contact by either of its ids, and what to change of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class ContactRows(RowsIn):
    """Rows of contacts to create or change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0035g00000AbC9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[ContactRow]] = rows_field()


class AccountLinkOut(Out):
    """An account of a contact, and what the contact is there."""

    account_id: UUID
    plan_roles: list[str] = Field(
        description="The contact's roles in the account, such as `Champion`."
    )


class ContactOut(RecordOut):
    """A contact: a person of a customer."""

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
                    "computed_version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    name: str = Field(description="The person's name.")
    first_name: str | None = Field(
        description="The person's given name; null when it is not known."
    )
    last_name: str | None = Field(
        description="The person's family name; null when it is not known."
    )
    email: str | None = Field(description="The person's e-mail address; null when it is not known.")
    phone: str | None = Field(
        description="The person's telephone number; null when it is not known."
    )
    title: str | None = Field(
        description="The person's position, such as `VP Operations`; null when it is not known."
    )
    time_zone: str | None = Field(
        description="Where the person is, as an IANA name; null when it is not known."
    )
    email_status: EmailStatus = Field(
        description="Whether the address can be written to, as mails have shown; after a bounce a"
        " new address is `ok` again."
    )
    deactivated_at: datetime | None = Field(
        description="Since when the contact is deactivated, by a rule, a person or another system;"
        " null while it is active."
    )
    accounts: list[AccountLinkOut] | None = Field(
        default=None,
        description="The contact's accounts. One contact always has them, a list with"
        " `include=accounts`.",
    )
