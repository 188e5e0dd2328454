from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts_api.language.formulas.nodes import MAX_TEXT
from accounts_api.records.requests.schemas import RecordTypeKey
from shared.schemas import Currency, In, KeyOrId, Out
from shared.traits.definitions import FormulaResultType

FormulaText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)
]


class FormulaFault(Out):
    """A reason why a formula cannot be used."""

    code: str = Field(description="The kind of fault, which is stable.")
    message: str = Field(description="What is wrong and what to do, for people.")
    pointer: str | None = Field(
        default=None,
        description="A JSON pointer (RFC 6901) to the faulty part of the trait; null where there is"
        " none.",
    )
    column: int | None = Field(
        default=None, description="The character of the formula at which the fault begins, from 1."
    )
    suggestion: str | None = Field(
        default=None, description="What was probably meant; null when nothing is near."
    )


_SAMPLE_ID = "0198c0de-0001-7a3b-8c4d-5e6f708192a3"


class FormulaPreviewIn(In):
    """A draft: of a trait that there is to be, or of the one that `trait_id` names."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record_type": "account",
                    "formula": "coalesce(traits.seats, 0) * 12",
                    "result_type": "number",
                }
            ]
        }
    )

    record_type: RecordTypeKey
    formula: FormulaText = Field(description="The expression to try.")
    result_type: FormulaResultType | None = Field(
        default=None,
        description="The type of the values. Left out, it is the one that the formula gives.",
    )
    currency: Currency | None = Field(
        default=None,
        description="The ISO 4217 code of the currency of the values, of a formula that computes"
        " amounts.",
    )
    trait_id: KeyOrId | None = Field(
        default=None,
        description="The trait that is to be changed to this formula, by its id or key, such as"
        " `account.tier`; it is then checked for cycles, too. Null for a new one.",
    )
    record_ids: list[UUID] | None = Field(
        default=None,
        max_length=20,
        description="The records to show values of; left out, the newest 20.",
    )


class FormulaSample(BaseModel):
    """The value that a formula has for one record."""

    record_id: UUID = Field(description="The id of the record.")
    name: str = Field(description="What the record is called.")
    value: Any = Field(description="The value that the formula computes; null when it has none.")
    null_reason: dict[str, Any] | None = Field(
        default=None,
        description="Why the value is null: `code`, `message` and what they name. Null when there"
        " is a value.",
    )


class FormulaPreviewOut(BaseModel):
    """What a draft of a formula gives, or what is wrong with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "valid": True,
                    "formula": "coalesce(traits.seats, 0) * 12",
                    "result_type": "number",
                    "dependencies": ["account traits.seats"],
                    "faults": [],
                    "samples": [{"record_id": _SAMPLE_ID, "name": "Acme", "value": 480}],
                }
            ]
        }
    )

    valid: bool = Field(description="Whether the formula can be stored.")
    formula: str | None = Field(
        description="The formula as it would be stored; null when it cannot be read."
    )
    result_type: str | None = Field(
        description="The type that the formula gives; null when it cannot be told."
    )
    dependencies: list[str] = Field(
        description="The fields and relations that the formula reads, each with its record type."
    )
    faults: list[FormulaFault] = Field(
        description="All that is wrong with the formula; empty when it is valid."
    )
    samples: list[FormulaSample] = Field(
        description="Its values for some records; empty when it is not valid."
    )
