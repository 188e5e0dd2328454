from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.evaluation.rule_sets.schemas import (
    PROGRESS_EXAMPLE,
    EvaluationProgress,
    RuleFault,
)
from shared.events.signals.health import HealthRecordType
from shared.schemas import In, NewKey, Out, OwnKey, Patch, Title

EXAMPLE_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7b01"
_GIVEN: dict[str, Any] = {
    "title": "Overall health",
    "key": "overall",
    "record_type": "account",
    "stop_at_churn": True,
    "publish_delta": 5,
}
_SCORE: dict[str, Any] = {
    "id": EXAMPLE_ID,
    **_GIVEN,
    "definitions_version": 1,
    "progress": PROGRESS_EXAMPLE,
    "faults": [],
    "version": 1,
    "archived_at": None,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
TITLE: Any = Field(description="What people call the score.")
StopAtChurn = Annotated[
    bool,
    Field(
        description="Whether an account keeps, from its churn on, the score that it had then. Of no"
        " meaning to scores of contacts and organizations."
    ),
]
PublishDelta = Annotated[
    int,
    Field(
        ge=1,
        le=100,
        description="By how many points a record's score must have moved since"
        " `health.score_changed` said it last, to be said again.",
    ),
]


class HealthScoreIn(In):
    """A health score to be created. It scores nothing until it has definitions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_GIVEN]})

    key: NewKey = None
    title: Annotated[Title, TITLE]
    record_type: HealthRecordType
    stop_at_churn: StopAtChurn = True
    publish_delta: PublishDelta = 5


class HealthScorePatch(Patch):
    """The fields of a health score to change; one that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"publish_delta": 10}]})

    title: Annotated[Title, TITLE] = ""
    stop_at_churn: StopAtChurn = True
    publish_delta: PublishDelta = 5


class HealthScoreOut(Out):
    """A health score: a number from 0 to 100, and a label, for each record of a type."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCORE]})

    id: UUID
    key: OwnKey
    title: str = Field(description="What people call the score.")
    record_type: HealthRecordType
    stop_at_churn: bool = Field(
        description="Whether an account keeps, from its churn on, the score that it had then."
    )
    publish_delta: int = Field(
        description="By how many points a record's score must have moved to be said again."
    )
    definitions_version: int = Field(description="The version of its list of definitions.")
    progress: EvaluationProgress | None = Field(
        description="The latest evaluation of every record; null when there was none."
    )
    faults: list[RuleFault] = Field(
        description="What its definitions say that is gone, and why it could not be evaluated."
    )
    version: int
    archived_at: datetime | None = Field(
        description="When the score was archived; null while it lives."
    )
    created_at: datetime
    updated_at: datetime


class HealthScoresOut(Out):
    """The health scores of a workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_SCORE]}]})

    data: list[HealthScoreOut] = Field(description="The scores, by title.")
