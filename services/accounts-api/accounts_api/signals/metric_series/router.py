from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.signals.metric_series import service
from accounts_api.signals.metric_series.schemas import MetricSeriesOut, SeriesStep
from accounts_api.signals.metrics import service as metrics
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.schemas import Day
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/metrics", "Metrics")


@router.get("/{id}/series", summary="Get a metric over time", response_model=MetricSeriesOut)
async def get_metric_series(
    metric_id: Annotated[UUID, by_key_or_id(metrics.METRIC_KEYS, metrics.MetricNotFound)],
    record_id: Annotated[UUID, Query(description="The id of the record.")],
    first: Annotated[Day, Query(alias="from", description="The first local day.")],
    caller: Annotated[Caller, require("records:read")],
    uow: Uow,
    *,
    last: Annotated[
        Day | None, Query(alias="to", description="The last local day; left out: today.")
    ] = None,
    step: Annotated[
        SeriesStep | None, Query(description="How far points lie apart; left out: a day.")
    ] = None,
) -> dict[str, Any]:
    """Returns what the metric was for one record at the end of each step, by today's definition and
    what is known today: an event that came late counts on the day on which it happened. A metric of
    product events and of the record's own fields has up to 400 points, one that reads related
    records 60.
    """
    return await service.series(uow, metric_id, record_id, first, last, step or "day")
