from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from accounts_api.signals.health_reports.rules import Outcome
from accounts_api.signals.health_scores.schemas import EXAMPLE_ID
from shared.schemas import Out

HealthOutcome = TypeAliasType(
    "HealthOutcome",
    Annotated[
        Outcome,
        Field(
            description="`churned`: the lifecycle status became so; `renewed`: a renewal was won,"
            " and the account did not churn in the same period."
        ),
    ],
)
Arr = Annotated[
    dict[str, int],
    Field(
        description="The ARR of these accounts at that instant, by currency, in minor units; empty"
        " of other records."
    ),
]
Records = Annotated[int, Field(description="How many records these are.")]
Accounts = Annotated[int, Field(description="How many accounts these are.")]
_ARR: Any = {"USD": 5000000}


class LabelCountOut(Out):
    """Records that have one label."""

    label: str = Field(description="The key of the label.")
    records: Records
    arr: Arr


class UnscoredCountOut(Out):
    """Records that have no score, for one reason."""

    reason: str = Field(description="Why they have none, such as `not_enough_data`.")
    records: Records
    arr: Arr


class HealthDistributionOut(Out):
    """How the records of a type are spread over the labels of a health score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "score_id": EXAMPLE_ID,
                    "as_of": "2026-03-02T09:00:00Z",
                    "segment_id": None,
                    "records": 3,
                    "scored": 2,
                    "median": "54.5",
                    "histogram": [0, 0, 0, 1, 0, 0, 0, 1, 0, 0],
                    "labels": [
                        {"label": "healthy", "records": 1, "arr": _ARR},
                        {"label": "poor", "records": 1, "arr": {}},
                    ],
                    "unscored": [{"reason": "not_enough_data", "records": 1, "arr": {}}],
                }
            ]
        }
    )

    score_id: UUID = Field(description="The id of the health score.")
    as_of: datetime = Field(description="The instant that is counted, by the workspace's clock.")
    segment_id: UUID | None = Field(
        description="The id of the segment whose records are counted; null: all records."
    )
    records: int = Field(description="How many records the score has looked at.")
    scored: int = Field(description="How many of them have a score.")
    median: Decimal | None = Field(
        description="The score in the middle, or the mean of the two; null when none has any."
    )
    histogram: list[int] = Field(
        description="How many records have 0 to 9 points, 10 to 19, and so on; the last of the ten"
        " counts 90 to 100."
    )
    labels: list[LabelCountOut] = Field(description="The labels that records have, by key.")
    unscored: list[UnscoredCountOut] = Field(description="Why the others have no score, by reason.")


class OutcomeCountOut(Out):
    """Accounts that came to the same end and had the same label before it."""

    label: str | None = Field(
        description="The label that they had; null: none, as before the score was defined."
    )
    outcome: HealthOutcome
    accounts: Accounts
    arr: Arr


class AccountShareOut(Out):
    """A part of some accounts."""

    accounts: int = Field(description="How many accounts are in the part.")
    of_accounts: int = Field(description="How many there are.")
    share: str | None = Field(
        description="The one divided by the other, with four decimals; null when there are none."
    )
    share_of_arr: dict[str, str] = Field(
        description="The same of their ARR, by currency; without those in which there is none."
    )


class HealthBackTestOut(Out):
    """What a health score had said of accounts before they churned or renewed. It is a count of
    what was shown then: nothing is worked out anew.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "score_id": EXAMPLE_ID,
                    "from": "2025-03-02",
                    "to": "2026-03-02",
                    "horizon_days": 90,
                    "label": "poor",
                    "outcomes": [
                        {"label": "healthy", "outcome": "renewed", "accounts": 3, "arr": _ARR},
                        {"label": "poor", "outcome": "churned", "accounts": 1, "arr": _ARR},
                    ],
                    "recall": {
                        "accounts": 1,
                        "of_accounts": 1,
                        "share": "1.0000",
                        "share_of_arr": {"USD": "1.0000"},
                    },
                    "precision": {
                        "accounts": 1,
                        "of_accounts": 1,
                        "share": "1.0000",
                        "share_of_arr": {"USD": "1.0000"},
                    },
                }
            ]
        }
    )

    score_id: UUID = Field(description="The id of the health score.")
    first_day: date = Field(
        validation_alias="from",
        serialization_alias="from",
        description="The first day of the period, in the workspace's time zone.",
    )
    last_day: date = Field(
        validation_alias="to", serialization_alias="to", description="The last day of the period."
    )
    horizon_days: int = Field(description="How many days before the end of each is looked at.")
    label: str | None = Field(
        description="The label that is taken for the warning; null when the score has no"
        " definitions."
    )
    outcomes: list[OutcomeCountOut] = Field(
        description="By label and outcome; each account is counted once."
    )
    recall: AccountShareOut = Field(
        description="Of the accounts that churned, those that had the label: how many were seen"
        " coming."
    )
    precision: AccountShareOut = Field(
        description="Of the accounts that had the label and churned or renewed, those that churned:"
        " how often the warning was right."
    )
