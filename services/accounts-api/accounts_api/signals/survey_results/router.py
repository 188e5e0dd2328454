from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.evaluation.rule_sets.segment_keys import SEGMENT_KEYS
from accounts_api.signals.survey_results import service
from accounts_api.signals.survey_results.schemas import SurveyResultsOut
from accounts_api.signals.surveys import service as surveys
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id, query_by_key_or_id
from shared.schemas import Instant
from shared.uow import UnitOfWork
from shared.web.routing import api_router, require, uow_if

router = api_router("/v1/surveys", "Surveys")

Reader = Annotated[Caller, require("surveys:read")]
SurveysUow = Annotated[UnitOfWork, uow_if(surveys.must_be_on)]
SurveyId = Annotated[UUID, by_key_or_id(surveys.SURVEY_KEYS, surveys.SurveyNotFound)]
OneSegment = Annotated[
    UUID | None,
    query_by_key_or_id(
        SEGMENT_KEYS,
        "segment_id",
        "Only those who were in this segment then, or whose account was, by id or key.",
    ),
]
AsOf = Annotated[
    Instant | None,
    Query(description="What had been said by this instant of the workspace's clock."),
]


@router.get("/{id}/results", summary="Get results of a survey", response_model=SurveyResultsOut)
async def get_survey_results(
    survey_id: SurveyId,
    caller: Reader,
    uow: SurveysUow,
    segment_id: OneSegment,
    as_of: AsOf = None,
) -> Any:
    """Returns the score of the latest response of each contact, how many gave which score, and how
    many of those who were invited answered.
    """
    return await service.results(uow, survey_id, as_of, segment_id)
