from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts_api.customers.formulas.schemas import FormulaFault, FormulaText
from accounts_api.evaluation.rule_sets.schemas import EvaluationProgress
from accounts_api.records.requests.schemas import TraitKey
from shared.schemas import Currency, IfUnreadable, In, OneLine, Patch, Slug, StoredOut, Title
from shared.traits.definitions import EditableBy, FormulaResultType, TraitType

TraitRecordType = Annotated[
    Slug,
    Field(
        description="`organization`, `account`, `contact`, `opportunity`, `task`, `note`, or the"
        " key of an object type."
    ),
]
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
    """An option of a select. `when` offers it only beside these values of the select that the trait
    depends on.
    """

    value: OptionValue = Field(description="What is stored and shown.")
    when: list[OptionValue] | None = Field(
        default=None,
        max_length=500,
        description="Values of the select in `depends_on` beside which the option is offered; null"
        " means beside all of them.",
    )


Options = Annotated[list[OptionIn], Field(max_length=500)]


class TraitFields(Patch):
    title: Title | None = Field(default=None, description="What people call the trait.")
    description: Description | None = Field(
        default=None, description="What the trait is for, for people."
    )
    options: Options | None = Field(
        default=None,
        description="What can be chosen, of a `select` or `multi_select`; the list replaces the one"
        " before.",
    )
    depends_on: TraitKey | None = Field(
        default=None, description="The key of the select whose value narrows the options."
    )
    currency: Currency | None = Field(
        default=None,
        description="The ISO 4217 code of the currency of its amounts, of a trait of type"
        " `currency`.",
    )
    required: bool | None = Field(
        default=None,
        description="True when a new record must have a value, and none can be cleared.",
    )
    minimum: float | None = Field(
        default=None,
        description="The least value of a number or amount; of text, its least length.",
    )
    maximum: float | None = Field(
        default=None,
        description="The greatest value of a number or amount; of text, its greatest length.",
    )
    pattern: Pattern | None = Field(
        default=None, description="A regular expression (RE2) that the whole of a text must match."
    )
    default: Any = Field(default=None, description="The value of new records that do not say one.")
    editable_by: EditableBy | None = Field(
        default=None,
        description="Who may change values; `source` is only the connection that the trait comes"
        " from.",
    )
    deprecated: bool | None = Field(
        default=None, description="True when values can only be read and cleared."
    )
    formula: FormulaText | None = Field(
        default=None,
        description="The expression that computes the values, of a trait of type `formula`.",
    )
    result_type: FormulaResultType | None = Field(
        default=None, description="The type of the values that a formula computes."
    )


class TraitIn(TraitFields):
    """A trait to be defined: a typed field of one record type."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TIER, _REASON, _OPEN_ARR]})

    record_type: TraitRecordType
    key: TraitKey = Field(
        description="How the API and rules call it, as `traits.<key>`. It cannot be changed."
    )
    title: Title = Field(description="What people call the trait.")
    type: TraitType = Field(description="What its values are.")
    source: Annotated[str, OneLine] = Field(
        default="custom",
        max_length=100,
        description="`custom`, or the system that the trait comes from.",
    )


class TraitPatch(TraitFields):
    """The fields of a trait to change: one that is left out stays, null restores its default."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Customer tier", "required": True}]}
    )

    type: TraitType | None = Field(
        default=None,
        description="What its values are. Every value is converted: see the preview first.",
    )


class TraitOut(StoredOut):
    """A trait: a typed field that the workspace adds to a record type."""

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
    record_type: str = Field(description="The record type that has the trait.")
    key: str = Field(description="How the API and rules call it, as `traits.<key>`.")
    title: str = Field(description="What people call the trait.")
    description: str | None = Field(
        description="What the trait is for, for people; null when nobody said."
    )
    type: TraitType = Field(description="What its values are.")
    options: Annotated[list[OptionIn] | None, IfUnreadable(None)] = Field(
        description="What can be chosen, of a `select` or `multi_select`; null of other types."
    )
    depends_on: str | None = Field(
        description="The key of the select whose value narrows the options; null when they are not"
        " narrowed."
    )
    currency: str | None = Field(
        description="The ISO 4217 code of the currency of its amounts; null of other types."
    )
    required: bool = Field(
        description="True when a new record must have a value, and none can be cleared."
    )
    minimum: float | None = Field(
        description="The least value of a number or amount; of text, its least length. Null is no"
        " limit."
    )
    maximum: float | None = Field(
        description="The greatest value of a number or amount; of text, its greatest length. Null"
        " is no limit."
    )
    pattern: str | None = Field(
        description="A regular expression (RE2) that the whole of a text must match; null when any"
        " may stand there."
    )
    default: Any = Field(
        description="The value of new records that do not say one; null when there is none."
    )
    editable_by: EditableBy = Field(description="Who may change values.")
    source: str = Field(description="`custom`, or the system that the trait comes from.")
    deprecated: bool = Field(description="True when values can only be read and cleared.")
    formula: str | None = Field(
        description="The expression that computes the values; null of a trait that is no formula."
    )
    result_type: FormulaResultType | None = Field(
        description="The type of the values that a formula computes; null of a trait that is no"
        " formula."
    )
    progress: EvaluationProgress | None = Field(
        description="How far the values of a formula have been computed since it was written; null"
        " of a trait that is no formula."
    )
    faults: list[FormulaFault] = Field(
        description="Why a formula can no longer be used; its values stand still until it is"
        " mended."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class TypeIn(In):
    """The type to try, with the options or currency it would need."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "number"}]})

    type: TraitType = Field(
        description="The type to try. Formulas are tried by `POST /v1/traits/formula-preview`."
    )
    options: Options | None = Field(
        default=None, description="What could be chosen, of a `select` or `multi_select`."
    )
    currency: Currency | None = Field(
        default=None,
        description="The ISO 4217 code of the currency of its amounts, of a `currency`.",
    )


class Unconvertible(BaseModel):
    """A value that another type could not hold."""

    record_id: UUID = Field(description="The id of the record that has the value.")
    value: Any = Field(description="The value as it is.")
    message: str = Field(description="Why the value cannot be converted, for people.")


class TypePreview(BaseModel):
    """What another type would do to the values of a trait."""

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

    convertible: int = Field(description="How many values the type could hold.")
    unconvertible: int = Field(description="How many values would be lost.")
    samples: list[Unconvertible] = Field(description="Up to 20 values that would be lost.")
