from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.signals.metric_values.schemas import ReliableBecause
from shared.schemas import Out

SeriesStep = TypeAliasType(
    "SeriesStep",
    Annotated[
        Literal["day", "week", "month"],
        Field(description="How far points lie apart; a week ends on Sunday."),
    ],
)
PastNullReason = TypeAliasType(
    "PastNullReason",
    Annotated[
        Literal[
            "numerator_missing",
            "denominator_missing",
            "denominator_zero",
            "mixed_currencies",
            "out_of_range",
            "no_record",
        ],
        Field(
            description="Why there was no value: a side had none, it would be divided by zero,"
            " amounts were in several currencies, it was 10^12 or more, or the record was not there"
            " yet."
        ),
    ],
)


class MetricPoint(Out):
    """What the metric was at the end of a day; of today, what it is now."""

    day: date = Field(description="The last local day of the step.")
    value: float | None = Field(description="The value; null for the reason beside it.")
    null_reason: PastNullReason | None = Field(
        description="Why there was no value; null when there was one."
    )
    reliable: bool = Field(
        description="Whether `reliable_from` had come: before, a zero may only mean that nothing"
        " was sent yet."
    )


class MetricSeriesOut(Out):
    """A metric of one record, step by step, by today's definition."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "metric_id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a31",
                    "record_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "step": "week",
                    "reliable_from": "2026-02-20",
                    "because": "events_began",
                    "points": [
                        {"day": "2026-03-01", "value": 25, "null_reason": None, "reliable": True},
                        {"day": "2026-03-02", "value": 37.5, "null_reason": None, "reliable": True},
                    ],
                }
            ]
        }
    )

    metric_id: UUID = Field(description="The id of the metric.")
    record_id: UUID = Field(description="The id of the record.")
    step: SeriesStep
    reliable_from: date | None = Field(
        description="The first day on which the value is whole; null of one that is not yet, and of"
        " one that counts no product events, which always is."
    )
    because: ReliableBecause | None = Field(
        description="Why it is not whole before; null when it always is."
    )
    points: list[MetricPoint] = Field(description="Oldest first.")
