from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.usages.schemas import UsageOut
from accounts_api.signals.health_scores.schemas import EXAMPLE_ID
from shared.schemas import Out

Records = Annotated[int, Field(description="How many records these are.")]
LabelBefore = Annotated[str | None, Field(description="The label that they have; null: none.")]
LabelAfter = Annotated[str | None, Field(description="The label they would have; null: none.")]


class HealthSpread(Out):
    """How records are spread over scores."""

    scored: int = Field(description="How many records have a score.")
    median: Decimal | None = Field(
        description="The score in the middle, or the mean of the two; null when none has any."
    )
    histogram: list[int] = Field(
        description="How many have 0 to 9 points, 10 to 19, and so on; the last of the ten counts"
        " 90 to 100."
    )


class HealthMove(Out):
    """Records that have one label and would have another, or would keep it."""

    before: LabelBefore
    after: LabelAfter
    records: Records
    arr: dict[str, int] = Field(
        description="Their ARR by currency, in minor units; empty of other records than accounts."
    )


class UnscoredDraft(Out):
    """Records that would have no score, for one reason."""

    reason: str = Field(description="Why they would have none, such as `not_enough_data`.")
    records: Records


class HealthMover(Out):
    """A record whose score would be another."""

    id: UUID = Field(description="The id of the record.")
    name: str = Field(description="What the record is called.")
    arr: int | None = Field(description="Its ARR in minor units; null: none, or no account.")
    currency: str | None = Field(description="The ISO 4217 code of the currency of its ARR.")
    definition_key: str | None = Field(
        description="The definition that would score it; null: none does."
    )
    before_score: int | None = Field(description="The score that it has; null: none.")
    after_score: int | None = Field(description="The score that it would have; null: none.")
    before_label: str | None = Field(description="The label that it has; null: none.")
    after_label: str | None = Field(description="The label that it would have; null: none.")


_PREVIEW: dict[str, Any] = {
    "score_id": EXAMPLE_ID,
    "records": 400,
    "stopped": 12,
    "sampled": False,
    "before": {"scored": 0, "median": None, "histogram": [0] * 10},
    "after": {"scored": 400, "median": "50", "histogram": [12, 0, 0, 0, 0, 0, 0, 0, 0, 388]},
    "moves": [
        {"before": None, "after": "fair", "records": 388, "arr": {"USD": 5000000}},
        {"before": None, "after": "poor", "records": 12, "arr": {}},
    ],
    "unscored": [],
    "movers": [
        {
            "id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
            "name": "Acme",
            "arr": 5000000,
            "currency": "USD",
            "definition_key": "everyone",
            "before_score": None,
            "after_score": 100,
            "before_label": None,
            "after_label": "fair",
        }
    ],
    "usages": [],
}


class HealthPreviewOut(Out):
    """What a draft of definitions would do. Scores are compared without overrides."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PREVIEW]})

    score_id: UUID = Field(description="The id of the health score.")
    records: int = Field(description="How many records were looked at.")
    stopped: int = Field(
        description="How many accounts beside them keep the score that they had at their churn."
    )
    sampled: bool = Field(
        description="Whether one record in ten was looked at, the same ones each time, because"
        " there are more than 250,000: multiply the counts by ten."
    )
    before: HealthSpread = Field(description="The scores that these records have.")
    after: HealthSpread = Field(description="The scores that they would have.")
    moves: list[HealthMove] = Field(
        description="How many have each label and would have each other, or the same."
    )
    unscored: list[UnscoredDraft] = Field(description="Why records would have no score.")
    movers: list[HealthMover] = Field(
        description="The twenty whose movement concerns most ARR: points moved times ARR."
    )
    usages: list[UsageOut] = Field(
        description="What reads the score or its label, such as segments, and would follow."
    )
