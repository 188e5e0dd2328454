from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    EvaluationProgress,
    RuleFault,
)
from accounts_api.signals.metrics.sources import (
    ACTIVE_SHARE,
    LICENCE_USE,
    SHOWN,
    Cap,
    Decimals,
    MetricRecordType,
    MetricSource,
    MetricUnit,
)
from shared.schemas import In, NewKey, Out, OwnKey, Patch, Title

_METRIC: dict[str, Any] = {**SHOWN, "progress": PROGRESS_EXAMPLE, "faults": []}
_DRAFT = {name: value for name, value in LICENCE_USE.items() if name not in {"key", "title"}}
_DESCRIPTION = "What the metric is for, for people; null when nobody said."


class MetricDraft(In):
    """A metric to try: what it is worked out of, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DRAFT]})

    record_type: MetricRecordType
    unit: MetricUnit = "number"
    numerator: MetricSource
    denominator: MetricSource | None = Field(
        default=None,
        description="What the numerator is divided by; null: by nothing. Divided by 0 there is no"
        " value.",
    )
    decimals: Decimals = 2
    cap: Cap | None = Field(default=None, description="Ends of the value; null: none.")


class MetricIn(MetricDraft):
    """A metric to be created."""

    model_config = ConfigDict(json_schema_extra={"examples": [ACTIVE_SHARE, LICENCE_USE]})

    key: NewKey = None
    title: Title = Field(description="What people call the metric.")
    description: str | None = Field(default=None, max_length=2_000, description=_DESCRIPTION)


class MetricPatch(Patch):
    """The fields of a metric to change; one that is left out stays. Key and record type stay as
    they were made.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"decimals": 0}]})

    title: Title = Field(default="", description="What people call the metric.")
    description: str | None = Field(default=None, max_length=2_000, description=_DESCRIPTION)
    unit: MetricUnit = "number"
    numerator: MetricSource = Field(default=None)  # type: ignore[assignment]
    denominator: MetricSource | None = Field(
        default=None, description="What the numerator is divided by; null: by nothing."
    )
    decimals: Decimals = 2
    cap: Cap | None = Field(default=None, description="Ends of the value; null: none.")


class MetricOut(Out):
    """A success metric: a number of each record, which keeps true by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_METRIC]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the metric.")
    description: str | None = Field(description=_DESCRIPTION)
    record_type: MetricRecordType
    unit: MetricUnit
    numerator: dict[str, Any] = Field(
        description="The source of the numerator, with its rules as JSON."
    )
    denominator: dict[str, Any] | None = Field(
        description="The source of the denominator, with its rules as JSON; null: none."
    )
    decimals: int = Field(description="To how many decimals the value is rounded, half up.")
    cap: dict[str, Any] | None = Field(description="Ends of the value; null: none.")
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every record; null of an archived metric."
    )
    faults: list[RuleFault] = Field(
        description="Why it can no longer be worked out; values stand still until it is mended."
    )
    version: int
    archived_at: datetime | None = Field(
        description="When the metric was archived; null while it lives."
    )
    created_at: datetime
    updated_at: datetime


class MetricCheckOut(Out):
    """What is wrong with a draft; nothing, of one that can be created."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"valid": True, "faults": []},
                {
                    "valid": False,
                    "faults": [
                        {
                            "code": "unknown_field",
                            "message": "account has no field 'traits.license'.",
                            "pointer": "/denominator/field",
                            "suggestion": "traits.licences",
                        }
                    ],
                },
            ]
        }
    )

    valid: bool = Field(description="Whether it can be worked out.")
    faults: list[RuleFault] = Field(description="All that is wrong; empty when it is valid.")
