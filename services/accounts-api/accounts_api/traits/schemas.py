from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts_api.records.schemas import RecordTypeKey, TraitKey
from accounts_api.records.trait_values import EditableBy, TraitType
from shared.schemas import Currency, In, Out, Patch, Title

OptionValue = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
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
    "options": [{"value": "gold"}, {"value": "silver"}],
}


class OptionIn(In):
    """`when`: offered only beside these values of the select that the trait depends on."""

    value: OptionValue
    when: list[OptionValue] | None = Field(default=None, max_length=500)


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


class TraitIn(TraitFields):
    model_config = ConfigDict(json_schema_extra={"examples": [_TIER, _REASON]})

    record_type: RecordTypeKey
    key: TraitKey
    title: Title
    type: TraitType
    source: str = Field(
        default="custom", max_length=100, description="`custom`, or where it comes from."
    )


class TraitPatch(TraitFields):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Customer tier", "required": True}]}
    )

    type: TraitType | None = Field(
        default=None, description="Values are converted; see the preview first."
    )


class TraitOut(Out):
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
    options: list[OptionIn] | None
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
    version: int
    created_at: datetime
    updated_at: datetime


class TypeIn(In):
    """The type to try, with the options or currency it would need."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "number"}]})

    type: TraitType
    options: Options | None = None
    currency: Currency | None = None


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


