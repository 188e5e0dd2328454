from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.evaluation.rule_sets.segment_keys import SEGMENT_KEYS
from accounts_api.signals.health_reports import service
from accounts_api.signals.health_reports.schemas import HealthBackTestOut, HealthDistributionOut
from accounts_api.signals.health_scores.service import KEYS, HealthScoreNotFound
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id, query_by_key_or_id
from shared.schemas import Day, Instant
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/health-scores", "Health")

Reader = Annotated[Caller, require("health:read")]
HealthScoreId = Annotated[UUID, by_key_or_id(KEYS, HealthScoreNotFound)]
OfSegment = Annotated[
    UUID | None,
    query_by_key_or_id(
        SEGMENT_KEYS, "segment_id", "The id or the key of a segment: only its records are counted."
    ),
]
AsOf = Annotated[
    Instant | None,
    Query(
        description="As it was at this instant of the workspace's clock, which has come; without"
        " it, now."
    ),
]


@router.get(
    "/{id}/distribution",
    summary="Get the distribution of a health score",
    response_model=HealthDistributionOut,
)
async def get_health_distribution(
    score_id: HealthScoreId,
    caller: Reader,
    uow: Uow,
    segment_id: OfSegment,
    as_of: AsOf = None,
) -> dict[str, Any]:
    """Counts records by label, by tens of points and by why they have no score; now, or as they
    were, with the amounts and the members of that instant.
    """
    return await service.distribution(uow, score_id, as_of=as_of, segment_id=segment_id)


@router.get(
    "/{id}/back-test",
    summary="Get a back-test of a health score",
    response_model=HealthBackTestOut,
)
async def get_health_back_test(
    score_id: HealthScoreId,
    caller: Reader,
    uow: Uow,
    first_day: Annotated[
        Day | None,
        Query(
            alias="from",
            description="The first day of the period; without it, 365 days before the last.",
        ),
    ] = None,
    last_day: Annotated[
        Day | None,
        Query(alias="to", description="The last day of the period; without it, today."),
    ] = None,
    horizon_days: Annotated[
        int,
        Query(
            ge=1,
            le=400,
            description="How many days before an account churned or renewed its label is looked"
            " at.",
        ),
    ] = 90,
    label: Annotated[
        str | None,
        Query(
            max_length=63,
            description="The label that is taken for a warning; without it, the lowest of the"
            " first definition.",
        ),
    ] = None,
) -> dict[str, Any]:
    """Compares what an account score had said so many days before with what became of the
    accounts that churned or renewed in a period: label by outcome with ARR, how much of the churn
    was warned of (`recall`), and how often a warning was right (`precision`).
    """
    return await service.back_test(
        uow,
        score_id,
        first_day=first_day,
        last_day=last_day,
        horizon=horizon_days,
        label=label,
    )
