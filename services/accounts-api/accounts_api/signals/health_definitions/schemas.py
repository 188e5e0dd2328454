from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    EvaluationProgress,
    RuleFault,
)
from accounts_api.signals.scoring.schemas import EXAMPLE, Definitions, HealthDefinitionIn
from shared.schemas import IfUnreadable, In, StoredOut

SIMPLE: dict[str, Any] = {
    "key": "everyone",
    "title": "Everyone",
    "labels": [{"key": "poor", "from": 0}, {"key": "fair", "from": 50}],
    "groups": [
        {
            "key": "revenue",
            "measures": [
                {
                    "key": "pays",
                    "input": "rule(arr > 0 USD)",
                    "points": {"linear": {"from": 0, "to": 100}},
                }
            ],
        }
    ],
}


class HealthDefinitionsIn(In):
    """The whole list of a score's definitions, in the order in which they decide."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"definitions": [SIMPLE]}]})

    definitions: Definitions


class HealthDefinitionsOut(StoredOut):
    """The definitions of a health score. What decides together has one version."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "definitions": [EXAMPLE],
                    "version": 2,
                    "valid_from": "2026-03-02T09:00:00Z",
                    "progress": PROGRESS_EXAMPLE,
                    "faults": [],
                    "unreadable": None,
                }
            ]
        }
    )

    definitions: Annotated[
        list[HealthDefinitionIn],
        IfUnreadable([]),
        Field(description="The first definition whose segment holds a record scores it."),
    ]
    version: int
    valid_from: datetime = Field(description="Since when the list is so, by the workspace's clock.")
    progress: EvaluationProgress | None = Field(
        description="How far its latest evaluation of every record has come; records have the score"
        " that they had until it reaches them."
    )
    faults: list[RuleFault] = Field(
        description="What it names that is gone: such a measure is left out, such a cap never"
        " holds, and the rest goes on."
    )
