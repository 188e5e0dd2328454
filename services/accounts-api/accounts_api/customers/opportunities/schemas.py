from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SkipValidation, StringConstraints

from accounts_api.records.requests.schemas import (
    RecordOut,
    Row,
    RowsIn,
    Source,
    Traits,
    rows_field,
)
from shared.schemas import Currency, Day, ExternalId, Minor, Name, Patch, ShortText

OpportunityType = Literal["renewal", "expansion", "new_business", "product_swap"]
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


class OpportunityFields(Patch):
    """All that a client may set. A field left out stays as it is; null clears it."""

    external_id: ExternalId | None = None
    source: Source | None = None
    name: Name | None = None
    account_id: UUID | None = None
    account_external_id: ExternalId | None = None
    type: OpportunityType | None = None
    stage: ShortText | None = None
    is_closed: bool | None = None
    is_won: bool | None = None
    close_date: Day | None = None
    contract_start: Day | None = None
    contract_expiration: Day | None = Field(
        default=None, description="The first day, where the customer is, without a contract."
    )
    arr: Minor | None = None
    currency: Currency | None = None
    deal_room_url: Url | None = None
    manually_enter_renewal_sequence: bool | None = Field(
        default=None,
        description="True enters the renewal sequence now; refused with 409 when it is too late."
        " It is reset once used, and true then enters again: do not send it with every update.",
    )
    traits: Traits = Field(default_factory=dict)


class OpportunityIn(OpportunityFields):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [EXAMPLE, {**EXAMPLE, "account_external_id": "0015g00000XyZ1AAAV"}]
        }
    )

    name: Name
    type: OpportunityType


class OpportunityPatch(OpportunityFields):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"manually_enter_renewal_sequence": True}]}
    )


class OpportunityRow(OpportunityFields, Row):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class OpportunityRows(RowsIn):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"rows": [EXAMPLE, {"external_id": "0065g00000OpP9AAAV", "deleted": True}]}
            ]
        }
    )

    rows: SkipValidation[list[OpportunityRow]] = rows_field()


class OpportunityOut(RecordOut):
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
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-04-02T14:00:00Z",
                }
            ]
        }
    )

    account_id: UUID | None
    name: str
    type: OpportunityType
    stage: str | None
    is_closed: bool
    is_won: bool
    close_date: date | None
    contract_start: date | None
    contract_expiration: date | None
    arr: int | None = Field(description="Minor units of `currency`.")
    currency: str | None
    deal_room_url: str | None
    manually_enter_renewal_sequence: bool
    renewal_sequence_status: str | None = Field(description="The last mail really handed over.")
    renewal_sequence_status_at: datetime | None
