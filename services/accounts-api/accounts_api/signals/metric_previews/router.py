from typing import Annotated, Any

from accounts_api.signals.metric_previews import service
from accounts_api.signals.metric_previews.schemas import MetricPreviewOut
from accounts_api.signals.metrics.schemas import MetricDraft
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/metrics", "Metrics")


@router.post("/preview", summary="Preview a metric", response_model=MetricPreviewOut)
async def preview_metric(
    data: MetricDraft, caller: Annotated[Caller, require("metrics:read")], uow: Uow
) -> dict[str, Any]:
    """Returns what a draft comes to over the records there are: how its values spread, how many
    have none and why, and 20 of them. Nothing is stored.
    """
    return await service.preview_metric(uow, data)
