from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation, StringConstraints

from accounts_api.records.requests.schemas import (
    RecordFields,
    RecordOut,
    Row,
)
from shared.bulk import RowsIn, rows_field
from shared.events.records import OpportunityType
from shared.schemas import Currency, Day, ExternalId, Minor, Name, ShortText, Source, Traits

Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s/]+\S*$")]

EXAMPLE: dict[str, Any] = {
    "external_id": "0065g00000OpP1AAAV",
    "name": "Acme Analytics renewal 2026",
    "type": "renewal",
    "stage": "Discovery",
    "is_closed": False,
    "is_won": False,
    "close_date": "2026-06-30",
    "contract_start": "2025-07-01",
    "contract_expiration": "2026-07-01",
    "arr": 12_500_000,
    "currency": "USD",
    "deal_room_url": "https://deals.example/acme",
}
SEARCH: dict[str, Any] = {
    "filter": 'type = "renewal" and is_closed = false and contract_expiration within next 90 days',
    "sort": "contract_expiration,-arr",
    "include": ["account"],
}


class OpportunityFields(RecordFields):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = Field(default=None, description="What the opportunity is called.")
    account_id: UUID | None = Field(
        default=None, description="The id of the account that the opportunity is about."
    )
    account_external_id: ExternalId | None = Field(
        default=None, description="The account by its `external_id`, in place of `account_id`."
    )
    type: OpportunityType | None = Field(default=None, description="What kind of deal it is.")
    stage: ShortText | None = Field(
        default=None, description="How far the deal is, in the words of your sales process."
    )
    is_closed: bool | None = Field(
        default=None, description="True once the deal is decided, won or lost."
    )
    is_won: bool | None = Field(default=None, description="True of a deal that is closed and won.")
    close_date: Day | None = Field(
        default=None, description="The day on which the deal is expected to close, or was closed."
    )
    contract_start: Day | None = Field(
        default=None, description="The first day of the contract that the deal is about."
    )
    contract_expiration: Day | None = Field(
        default=None, description="The first day, where the customer is, without a contract."
    )
    arr: Minor | None = Field(
        default=None,
        description="Annual recurring revenue of the deal in minor units of `currency`, such as"
        " cents.",
    )
    currency: Currency | None = Field(
        default=None,
        description="The ISO 4217 code of the currency of `arr`, such as `USD`; an amount without"
        " one takes the workspace's.",
    )
    deal_room_url: Url | None = Field(
        default=None, description="The address of the deal room, by http or https."
    )
    manually_enter_renewal_sequence: bool | None = Field(
        default=None,
        description="True enters the renewal sequence now; refused with 409 when it is too late."
        " It is reset once used, and true then enters again: do not send it with every update.",
    )
    traits: Traits = Field(default_factory=dict)


class OpportunityIn(OpportunityFields):
    """An opportunity to be created."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [EXAMPLE, {**EXAMPLE, "account_external_id": "0015g00000XyZ1AAAV"}]
        }
    )

    name: Name = Field(description="What the opportunity is called.")
    type: OpportunityType = Field(description="What kind of deal it is.")


class OpportunityPatch(OpportunityFields):
    """The fields of an opportunity to change: one that is left out stays, null clears it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"manually_enter_renewal_sequence": True}]}
    )


class OpportunityRow(OpportunityFields, Row):
    """A row of a bulk write: the opportunity by either of its ids, and what to change of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class OpportunityRows(RowsIn):
    """Rows of opportunities to create or change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0065g00000OpP9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[OpportunityRow]] = rows_field()


class OpportunityOut(RecordOut):
    """An opportunity: a deal, such as a renewal, an expansion or new business."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0005-7a3b-8c4d-5e6f708192a3",
                    "source": "salesforce",
                    "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                    **EXAMPLE,
                    "traits": {"forecast_category": "commit"},
                    "manually_enter_renewal_sequence": False,
                    "renewal_sequence_status": "Renewal 90 days sent",
                    "renewal_sequence_status_at": "2026-04-02T14:00:00Z",
                    "version": 5,
                    "computed_version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-04-02T14:00:00Z",
                }
            ]
        }
    )

    account_id: UUID | None = Field(
        description="The id of the account that the opportunity is about; null when that is not"
        " known."
    )
    name: str = Field(description="What the opportunity is called.")
    type: OpportunityType = Field(description="What kind of deal it is.")
    stage: str | None = Field(
        description="How far the deal is, in the words of your sales process; null when nobody"
        " said."
    )
    is_closed: bool = Field(description="True once the deal is decided, won or lost.")
    is_won: bool = Field(description="True of a deal that is closed and won.")
    close_date: date | None = Field(
        description="The day on which the deal is expected to close, or was closed; null when"
        " nobody said."
    )
    contract_start: date | None = Field(
        description="The first day of the contract that the deal is about; null when nobody said."
    )
    contract_expiration: date | None = Field(
        description="The first day, where the customer is, without a contract; null when nobody"
        " said."
    )
    arr: int | None = Field(
        description="Annual recurring revenue of the deal in minor units of `currency`, such as"
        " cents; null when nobody said."
    )
    currency: str | None = Field(
        description="The ISO 4217 code of the currency of `arr`; null when there is no amount."
    )
    deal_room_url: str | None = Field(
        description="The address of the deal room; null when there is none."
    )
    manually_enter_renewal_sequence: bool = Field(
        description="True while somebody's wish to enter the renewal sequence waits; it is reset"
        " once used."
    )
    renewal_sequence_status: str | None = Field(
        description="The last mail of the renewal sequence that was really handed over; null before"
        " the first."
    )
    renewal_sequence_status_at: datetime | None = Field(
        description="When that mail was handed over; null before the first."
    )
