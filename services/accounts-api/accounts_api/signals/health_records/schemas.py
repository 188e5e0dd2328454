from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.events.base import Cause
from shared.schemas import In, Instant, Out, Slug

_SCORE_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7b01"
_CHANGE_ID = "0198c0de-7d10-7c44-9f3a-2f6f0c1f7b02"
_OVERRIDE: dict[str, Any] = {
    "id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7b03",
    "label": "concerning",
    "score": None,
    "reason": "Their champion leaves in May.",
    "valid_from": "2026-03-02T09:00:00Z",
    "expires_at": "2026-06-01T00:00:00Z",
}
_SAID: dict[str, Any] = {
    "score": 69,
    "label": "concerning",
    "computed_score": 82,
    "computed_label": "healthy",
    "definition_key": "managed",
    "definitions_version": 7,
    "null_reason": None,
    "capped_by": None,
    "override": _OVERRIDE,
}
_HEALTH: dict[str, Any] = {
    "score_id": _SCORE_ID,
    "key": "overall",
    "title": "Overall health",
    **_SAID,
    "label_since": "2026-03-02T09:00:00Z",
    "next_check_at": "2026-03-05T23:00:00Z",
}


class HealthOverrideIn(In):
    """What a person says of a record's health, until it ends."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "label": "concerning",
                    "reason": "Their champion leaves in May.",
                    "expires_at": "2026-06-01T00:00:00Z",
                }
            ]
        }
    )

    label: Slug | None = Field(
        default=None,
        description="The label that holds; the computed score goes along as far as the label does."
        " Null: send `score`.",
    )
    score: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, description="The score that holds, and its label with it. Null: send `label`."
    )
    reason: str = Field(
        min_length=1, max_length=2_000, pattern=r"\S", description="Why, for people."
    )
    expires_at: Instant = Field(
        description="When the computed score holds again: at most 180 days from now."
    )


class HealthOverrideOut(Out):
    """What a person said of a record's health."""

    id: UUID
    label: str | None = Field(description="The label that was said; null: a score was.")
    score: int | None = Field(description="The score that was said; null: a label was.")
    reason: str = Field(description="Why, for people.")
    valid_from: datetime = Field(description="Since when it holds, by the workspace's clock.")
    expires_at: datetime = Field(description="When the computed score holds again.")


class HealthVerdictOut(Out):
    """What is said of a record's health."""

    score: int | None = Field(description="What holds, from 0 to 100; null: there is none.")
    label: str | None = Field(description="The key of the label; null: there is none.")
    computed_score: int | None = Field(
        description="What the definitions give; another one than `score` under an override."
    )
    computed_label: str | None = Field(description="The label that the definitions give.")
    definition_key: str | None = Field(
        description="The key of the definition that decided; null: none scores the record."
    )
    definitions_version: int | None = Field(description="The version of the list that decided.")
    null_reason: str | None = Field(
        description="Why there is no computed score: `not_enough_data`, `no_children` or"
        " `no_definition`; in a history also `gone`, of a record that was deleted or ignored."
    )
    capped_by: str | None = Field(
        description="The title of the cap that holds the score down; null: none does."
    )
    override: HealthOverrideOut | None = Field(
        description="What a person said, if that holds; null: the computed score does."
    )


class RecordHealthOut(HealthVerdictOut):
    """A record's score of one type."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HEALTH]})

    score_id: UUID = Field(description="The id of the health score.")
    key: str = Field(description="The key of the health score.")
    title: str = Field(description="The title of the health score.")
    label_since: datetime | None = Field(
        description="Since when it has the label, by the workspace's clock."
    )
    next_check_at: datetime | None = Field(
        description="When time alone may change it; null: only data can. Null of the past."
    )


class RecordHealthsOut(Out):
    """All health scores of a record."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_HEALTH]}]})

    data: list[RecordHealthOut] = Field(description="The scores, by title.")


class MeasurePointsOut(Out):
    """What a measure was when the score was decided."""

    key: str = Field(description="The key of the measure.")
    value: float | str | bool | None = Field(description="What it read; null: nothing was there.")
    points: float | None = Field(description="From 0 to 100; null: it was left out.")


class HealthChangeOut(HealthVerdictOut):
    """A stretch of a record's health, until the next one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _CHANGE_ID,
                    **_SAID,
                    "measures": [{"key": "wau", "value": 22.5, "points": 25.0}],
                    "valid_from": "2026-03-02T09:00:00Z",
                    "known_at": "2026-03-02T09:00:01Z",
                    "cause": [{"type": "member", "id": _SCORE_ID, "label": "Ada"}],
                }
            ]
        }
    )

    id: UUID
    measures: list[MeasurePointsOut] = Field(
        description="The measures as they were decided on, in the order of the definition."
    )
    valid_from: datetime = Field(description="Since when it was so, by the workspace's clock.")
    known_at: datetime = Field(description="When Tenure decided it.")
    cause: list[Cause] = Field(description="Why, from the origin to the immediate actor.")
