from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.signals.metrics.sources import MetricUnit
from shared.schemas import Out, OwnKey

MetricNullReason = TypeAliasType(
    "MetricNullReason",
    Annotated[
        Literal[
            "numerator_missing",
            "denominator_missing",
            "denominator_zero",
            "mixed_currencies",
            "out_of_range",
            "not_worked_out",
        ],
        Field(
            description="Why a record has no value of a metric: a side has none, it would be"
            " divided by zero, amounts are in several currencies, it is 10^12 or more, or the"
            " metric is so new that it was not worked out for the record yet."
        ),
    ],
)
ReliableBecause = TypeAliasType(
    "ReliableBecause",
    Annotated[
        Literal["events_began", "no_events", "property_being_counted"],
        Field(
            description="Why a value is not whole before: its events came for the first time so"
            " late that its window was not full; none of one of its events came yet; or older"
            " events are still being counted by a declared property."
        ),
    ],
)
_VALUE: dict[str, Any] = {
    "metric_id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a31",
    "key": "weekly_active_share",
    "title": "Weekly active contacts",
    "unit": "percent",
    "value": 37.5,
    "numerator": 3,
    "denominator": 8,
    "null_reason": None,
    "since": "2026-03-02",
    "reliable": True,
    "reliable_from": "2026-02-20",
    "because": "events_began",
}


class MetricValueOut(Out):
    """What a metric comes to for a record, now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VALUE]})

    metric_id: UUID = Field(description="The id of the metric.")
    key: OwnKey
    title: str = Field(description="What people call the metric.")
    unit: MetricUnit
    value: float | None = Field(description="The value; null for the reason beside it.")
    numerator: float | None = Field(description="What the numerator gave.")
    denominator: float | None = Field(
        description="What the denominator gave; null of a metric without one, too."
    )
    null_reason: MetricNullReason | None = Field(
        description="Why there is no value; null when there is one."
    )
    since: date | None = Field(
        description="The local day on which the value began; null before it was worked out."
    )
    reliable: bool = Field(
        description="Whether `reliable_from` has come: before, a zero may only mean that nothing"
        " was sent yet. False of a metric that stands still."
    )
    reliable_from: date | None = Field(
        description="The first day on which the value is whole; null of one that is not yet, and of"
        " one that counts no product events."
    )
    because: ReliableBecause | None = Field(
        description="Why it is not whole before; null when it always is."
    )


class MetricValuesOut(Out):
    """Every metric of a record."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_VALUE]}]})

    data: list[MetricValueOut] = Field(description="By title.")
