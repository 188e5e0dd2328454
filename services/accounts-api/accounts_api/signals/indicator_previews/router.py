from typing import Annotated, Any

from accounts_api.signals.indicator_previews import service
from accounts_api.signals.indicator_previews.schemas import (
    IndicatorPreviewIn,
    IndicatorPreviewOut,
)
from shared.auth import Caller
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/indicator-definitions", "Indicators")


@router.post(
    "/preview", summary="Preview a definition of an indicator", response_model=IndicatorPreviewOut
)
@all_faults_at_once
async def preview_indicator_definition(
    data: IndicatorPreviewIn, caller: Annotated[Caller, require("indicators:read")], uow: Uow
) -> dict[str, Any]:
    """Counts the records for which a draft's rule holds now, by who would own their indicators, by
    segment and by what they are worth, and how many have one already; nothing is stored.
    """
    return await service.preview(uow, data)
