"""What the answers to a survey come to, now or then."""

from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from accounts_api.signals.survey_results import queries
from accounts_api.signals.survey_results.queries import scores_of_accounts
from accounts_api.signals.survey_results.rules import (
    PASSIVES_FROM,
    PROMOTERS_FROM,
    in_tenths,
    score_of,
)
from accounts_api.signals.surveys import service as surveys
from shared.errors import invalid
from shared.uow import UnitOfWork

__all__ = ["scores_of_accounts"]


async def results(
    uow: UnitOfWork, survey_id: UUID, as_of: datetime | None, segment_id: UUID | None
) -> dict[str, Any]:
    """Raises `Invalid` for an instant that has not come."""
    survey = await surveys.survey_named(uow, survey_id)
    now = await uow.now()
    if as_of is not None and as_of > now:
        message = f"It is {now.isoformat()} there: the results of then are not known."
        raise invalid("/query/as_of", "in_the_future", message)
    until = as_of or now
    counted = await queries.score_counts(uow, survey_id, until, segment_id)
    counts = {one.score: one.responses for one in counted if one.score is not None}
    score = score_of(survey.kind, counts)
    bands: dict[str, int | None] = dict.fromkeys(("promoters", "passives", "detractors"))
    if survey.kind == "nps":
        scored = sum(counts.values())
        promoters = sum(some for given, some in counts.items() if given >= PROMOTERS_FROM)
        detractors = sum(some for given, some in counts.items() if given < PASSIVES_FROM)
        bands = {
            "promoters": promoters,
            "passives": scored - promoters - detractors,
            "detractors": detractors,
        }
    channels = await queries.channel_counts(uow, survey_id, until, segment_id)
    return {
        "survey_id": survey_id,
        "as_of": until,
        "responses": sum(one.responses for one in counted),
        "score": None if score is None else in_tenths(score) / 10,
        "scored": sum(counts.values()),
        **bands,
        "distribution": [
            {"score": given, "responses": some} for given, some in sorted(counts.items())
        ],
        "response_rates": [
            {
                "via": one.via,
                "invited": one.invited,
                "answered": one.answered,
                "percent": in_tenths(Fraction(100 * one.answered, one.invited)) / 10,
            }
            for one in channels
        ],
    }
