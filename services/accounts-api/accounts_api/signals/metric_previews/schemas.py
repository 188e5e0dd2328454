from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.signals.metric_values.schemas import MetricNullReason
from shared.schemas import Out

_SAMPLE: dict[str, Any] = {
    "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
    "name": "Acme",
    "value": 37.5,
    "numerator": 3,
    "denominator": 8,
    "null_reason": None,
}


class MetricNulls(Out):
    """How many records would have no value for one reason."""

    reason: MetricNullReason
    records: int = Field(description="How many of those that were looked at.")


class MetricSample(Out):
    """What the draft comes to for one record."""

    id: UUID = Field(description="The id of the record.")
    name: str = Field(description="What the record is called.")
    value: float | None = Field(description="The value; null for the reason beside it.")
    numerator: float | None = Field(description="What the numerator gave.")
    denominator: float | None = Field(
        description="What the denominator gave; null of a draft without one, too."
    )
    null_reason: MetricNullReason | None = Field(
        description="Why there is no value; null when there is one."
    )


class MetricPreviewOut(Out):
    """What a draft comes to over the records there are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "records": 400,
                    "looked_at": 400,
                    "with_value": 388,
                    "nulls": [{"reason": "denominator_zero", "records": 12}],
                    "minimum": 0,
                    "p10": 5,
                    "median": 37.5,
                    "p90": 80,
                    "maximum": 100,
                    "samples": [_SAMPLE],
                }
            ]
        }
    )

    records: int = Field(description="How many records of the type there are.")
    looked_at: int = Field(
        description="How many of them were looked at: all, or of more than 20,000 a part that their"
        " ids choose."
    )
    with_value: int = Field(description="How many of these would have a value.")
    nulls: list[MetricNulls] = Field(description="The others, by reason.")
    minimum: float | None = Field(description="The least value; null when there is none.")
    p10: float | None = Field(description="The value that one in ten does not exceed.")
    median: float | None = Field(description="The value that half of them do not exceed.")
    p90: float | None = Field(description="The value that nine in ten do not exceed.")
    maximum: float | None = Field(description="The greatest value; null when there is none.")
    samples: list[MetricSample] = Field(
        description="Up to 20 records, from the least value to the greatest, then those without."
    )
