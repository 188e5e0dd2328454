"""The records that the accounts service's events carry, and what their fields may be."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

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
        Literal["created", "updated", "computed", "deleted", "undeleted", "merged"],
        Field(
            description="What happened to a record; `computed` is a change of nothing but what"
            " Tenure works out or sets itself: formulas, statuses."
        ),
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
KeyRoleHolders = dict[str, list[UUID]]
"""Key role key (`csm`, `renewal_manager`, …) to the members who hold it now."""


class OrganizationRecord(BaseModel):
    """What several accounts belong to."""

    id: UUID
    external_id: str | None
    name: str = Field(description="What people call it.")
    domain: str | None = Field(
        description="The host of its website, such as `acme.example`; null: not known."
    )
    traits: dict[str, Any] = Field(description="The values of its traits by their keys.")


class AccountRecord(BaseModel):
    """A customer."""

    id: UUID
    external_id: str | None
    organization_id: UUID | None
    name: str = Field(description="What people call it.")
    domain: str | None = Field(
        description="The host of its website, such as `acme.example`; null: not known."
    )
    arr: int | None = Field(
        description="Annual recurring revenue, in minor units of `currency`; null: not known."
    )
    currency: str | None = Field(description="ISO 4217, such as `EUR`; null: the workspace's.")
    time_zone: str | None
    country: str | None = Field(description="ISO 3166, such as `DE`; null: not known.")
    lifecycle_status: LifecycleStatus
    traits: dict[str, Any] = Field(description="The values of its traits by their keys.")
    key_roles: KeyRoleHolders = Field(
        default_factory=dict, description="The members who hold each key role now, by its key."
    )


class ContactAccount(BaseModel):
    """An account that a contact belongs to."""

    account_id: UUID
    plan_roles: list[str] = Field(
        description="What the contact is there, such as `Champion`, by the account plan."
    )


class ContactRecord(BaseModel):
    """A person of a customer."""

    id: UUID
    external_id: str | None
    name: str = Field(description="The full name.")
    first_name: str | None = Field(description="The given name; null: not known.")
    last_name: str | None = Field(description="The family name; null: not known.")
    email: str | None = Field(description="The address; null: none is known.")
    phone: str | None = Field(
        description="The phone number as it was entered; null: none is known."
    )
    title: str | None = Field(description="The job title; null: not known.")
    time_zone: str | None
    email_status: EmailStatus
    deactivated_at: datetime | None
    traits: dict[str, Any] = Field(description="The values of its traits by their keys.")
    accounts: list[ContactAccount] = Field(description="The accounts that the contact belongs to.")


class OpportunityRecord(BaseModel):
    """`contract_expiration` is the day, in the customer's zone, on which the contract no longer
    holds: nothing may be sent on it or later. `arr` is in minor units of `currency`.
    """

    id: UUID
    external_id: str | None
    account_id: UUID | None
    name: str = Field(description="What people call it.")
    type: OpportunityType
    stage: str | None = Field(description="The stage of the sale in your words; null: not known.")
    is_closed: bool = Field(description="Whether it is decided.")
    is_won: bool = Field(description="Whether it is decided for us.")
    close_date: str | None = Field(
        description="The day on which it is to be decided, or was; null: not known."
    )
    contract_start: str | None = Field(
        description="The first day of the contract; null: not known."
    )
    contract_expiration: str | None = Field(
        description="The first day, in the customer's zone, on which the contract no longer holds;"
        " null: not known."
    )
    arr: int | None = Field(
        description="Annual recurring revenue, in minor units of `currency`; null: not known."
    )
    currency: str | None = Field(description="ISO 4217, such as `EUR`; null: the workspace's.")
    deal_room_url: str | None = Field(
        description="The address of the deal room; null: there is none."
    )
    manually_enter_renewal_sequence: bool = Field(
        description="Whether a person asked for it to enter the renewal sequence."
    )
    renewal_sequence_status: str | None = Field(
        description="How far its renewal sequence is, such as `60 days`; null: it is in none."
    )
    renewal_sequence_status_at: datetime | None = Field(
        description="When that status was set, in UTC."
    )
    traits: dict[str, Any] = Field(description="The values of its traits by their keys.")


class ObjectRecord(BaseModel):
    """An instance of an object type that the workspace defined. The ids of records that the type
    does not link to are null.
    """

    id: UUID
    external_id: str | None
    name: str = Field(description="What people call it.")
    organization_id: UUID | None = None
    account_id: UUID | None = None
    contact_id: UUID | None = None
    opportunity_id: UUID | None = None
    traits: dict[str, Any] = Field(description="The values of its traits by their keys.")
