from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts_api.evaluation.rule_sets.schemas import Progress
from accounts_api.language.formulas.nodes import MAX_TEXT
from accounts_api.records.requests.schemas import RecordTypeKey, TraitKey
from accounts_api.records.schema.trait_values import EditableBy, ResultType, TraitType
from shared.schemas import Currency, IfUnreadable, In, OneLine, Out, Patch, StoredOut, Title

OptionValue = Title
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Description = Annotated[str, StringConstraints(max_length=2_000)]

_REASON: dict[str, Any] = {
    "record_type": "opportunity",
    "key": "sentiment_reason",
    "title": "Sentiment reason",
    "type": "select",
    "depends_on": "sentiment",
    "options": [
        {"value": "Price", "when": ["Negative"]},
        {"value": "Adoption", "when": ["Negative", "Neutral"]},
        {"value": "Champion"},
    ],
}
_TIER: dict[str, Any] = {
    "record_type": "account",
    "key": "tier",
    "title": "Tier",
    "type": "select",
    "options": [{"value": "gold"}, {"value": "silver"}, {"value": "platinum"}],
}


_OPEN_ARR: dict[str, Any] = {
    "record_type": "account",
    "key": "open_arr",
    "title": "ARR of open opportunities",
    "type": "formula",
    "formula": "sum(opportunities.arr where is_closed = false)",
    "result_type": "currency",
    "currency": "USD",
}


class OptionIn(In):
    """`when`: offered only beside these values of the select that the trait depends on."""

    value: OptionValue
    when: list[OptionValue] | None = Field(default=None, max_length=500)


FormulaText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)
]
Options = Annotated[list[OptionIn], Field(max_length=500)]


class TraitFields(Patch):
    title: Title | None = None
    description: Description | None = None
    options: Options | None = Field(default=None, description="Of a select or multi_select.")
    depends_on: TraitKey | None = Field(
        default=None, description="Key of the select whose value narrows the options."
    )
    currency: Currency | None = Field(default=None, description="Of a currency: what it is in.")
    required: bool | None = None
    minimum: float | None = Field(default=None, description="Of a number; of text, its length.")
    maximum: float | None = None
    pattern: Pattern | None = Field(default=None, description="RE2; the whole value matches.")
    default: Any = Field(default=None, description="Set on new records that do not say it.")
    editable_by: EditableBy | None = Field(
        default=None, description="`source`: only the connection that it comes from."
    )
    deprecated: bool | None = Field(default=None, description="Can only be read and cleared.")
    formula: FormulaText | None = Field(
        default=None, description="Of a formula: how its values are worked out."
    )
    result_type: ResultType | None = Field(
        default=None, description="Of a formula: the type of its values."
    )


class TraitIn(TraitFields):
    model_config = ConfigDict(json_schema_extra={"examples": [_TIER, _REASON, _OPEN_ARR]})

    record_type: RecordTypeKey
    key: TraitKey
    title: Title
    type: TraitType
    source: Annotated[str, OneLine] = Field(
        default="custom", max_length=100, description="`custom`, or where it comes from."
    )


class TraitPatch(TraitFields):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Customer tier", "required": True}]}
    )

    type: TraitType | None = Field(
        default=None, description="Values are converted; see the preview first."
    )


class FormulaFault(Out):
    code: str
    message: str
    pointer: str | None = None
    column: int | None = Field(default=None, description="Character of the formula, from 1.")
    suggestion: str | None = None


class TraitOut(StoredOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-0300-7a3b-8c4d-5e6f708192a3",
                    **_TIER,
                    "description": None,
                    "options": [
                        {"value": "gold", "when": None},
                        {"value": "silver", "when": None},
                        {"value": "platinum", "when": None},
                    ],
                    "depends_on": None,
                    "currency": None,
                    "required": False,
                    "minimum": None,
                    "maximum": None,
                    "pattern": None,
                    "default": "silver",
                    "editable_by": "everyone",
                    "source": "custom",
                    "deprecated": False,
                    "formula": None,
                    "result_type": None,
                    "progress": None,
                    "faults": [],
                    "version": 1,
                    "created_at": "2026-01-05T09:00:00Z",
                    "updated_at": "2026-01-05T09:00:00Z",
                }
            ]
        }
    )

    id: UUID
    record_type: str
    key: str
    title: str
    description: str | None
    type: TraitType
    options: Annotated[list[OptionIn] | None, IfUnreadable(None)]
    depends_on: str | None
    currency: str | None
    required: bool
    minimum: float | None
    maximum: float | None
    pattern: str | None
    default: Any
    editable_by: EditableBy
    source: str
    deprecated: bool
    formula: str | None
    result_type: ResultType | None
    progress: Progress | None = Field(
        description="How far a formula's values have been worked out since it was written."
    )
    faults: list[FormulaFault] = Field(
        description="Why a formula can no longer be used; values stand still until it is mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class TypeIn(In):
    """The type to try, with the options or currency it would need."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "number"}]})

    type: TraitType
    options: Options | None = None
    currency: Currency | None = None


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
    formula: FormulaText
    result_type: ResultType | None = Field(
        default=None, description="Left out, the type that the formula gives."
    )
    currency: Currency | None = None
    trait_id: UUID | None = Field(default=None, description="To be changed to this formula.")
    record_ids: list[UUID] | None = Field(
        default=None, max_length=20, description="Records to show; else the newest 20."
    )


class FormulaSample(BaseModel):
    record_id: UUID
    name: str
    value: Any
    null_reason: dict[str, Any] | None = Field(
        default=None, description="Of a value that is null: `code`, `message` and what they name."
    )


class FormulaPreviewOut(BaseModel):
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

    valid: bool
    formula: str | None = Field(description="As it would be kept.")
    result_type: str | None = Field(description="What the formula gives.")
    dependencies: list[str] = Field(description="Fields and relations that it looks at.")
    faults: list[FormulaFault]
    samples: list[FormulaSample]


class Unconvertible(BaseModel):
    record_id: UUID
    value: Any
    message: str


class TypePreview(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "convertible": 240,
                    "unconvertible": 1,
                    "samples": [
                        {
                            "record_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                            "value": "about 40",
                            "message": "A number such as 12.5.",
                        }
                    ],
                }
            ]
        }
    )

    convertible: int
    unconvertible: int
    samples: list[Unconvertible] = Field(description="Up to 20 that would be lost.")
