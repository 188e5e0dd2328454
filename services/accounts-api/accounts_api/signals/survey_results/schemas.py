from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts_api.signals.survey_invitations.rules import Via
from shared.schemas import Out


class CountOfScore(Out):
    """How many gave a score."""

    score: int = Field(description="The score.")
    responses: int = Field(description="How many gave it in their latest response.")


class ResponseRate(Out):
    """How many of those who were invited by one channel answered."""

    via: Via
    invited: int = Field(description="How many invitations there are, without withdrawn ones.")
    answered: int = Field(description="How many of them were answered.")
    percent: float = Field(description="The share that was answered, in percent, to one decimal.")


_EXAMPLE: dict[str, Any] = {
    "survey_id": "0198c0de-6100-7c44-9f3a-2f6f0c1f7a01",
    "as_of": "2026-03-02T09:00:00Z",
    "responses": 4,
    "score": 25.0,
    "scored": 4,
    "promoters": 2,
    "passives": 1,
    "detractors": 1,
    "distribution": [
        {"score": 3, "responses": 1},
        {"score": 8, "responses": 1},
        {"score": 10, "responses": 2},
    ],
    "response_rates": [{"via": "api", "invited": 8, "answered": 4, "percent": 50.0}],
}


class SurveyResultsOut(Out):
    """What the answers to a survey come to: the latest response of each contact."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    survey_id: UUID = Field(description="The id of the survey.")
    as_of: datetime = Field(description="The instant, by the workspace's clock.")
    responses: int = Field(description="How many contacts answered; one of nobody counts as one.")
    score: float | None = Field(
        description="To one decimal. NPS: promoters less detractors in percent of all; CSAT: the"
        " share of 4 and 5 in percent; CES: the mean. Null when nobody gave a score, or the"
        " survey has none."
    )
    scored: int = Field(description="How many of the responses have a score.")
    promoters: int | None = Field(description="How many gave 9 or 10; null of any other kind.")
    passives: int | None = Field(description="How many gave 7 or 8; null of any other kind.")
    detractors: int | None = Field(description="How many gave 0 to 6; null of any other kind.")
    distribution: list[CountOfScore] = Field(description="Scores that somebody gave, by score.")
    response_rates: list[ResponseRate] = Field(
        description="Of those who were invited, by what invited them. Responses without an"
        " invitation are in none."
    )
