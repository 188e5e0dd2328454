from typing import Annotated, Any
from uuid import UUID

from accounts_api.signals.health_definitions.schemas import HealthDefinitionsIn
from accounts_api.signals.health_previews import service
from accounts_api.signals.health_previews.schemas import HealthPreviewOut
from accounts_api.signals.health_scores.service import KEYS, HealthScoreNotFound
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/health-scores", "Health")

Reader = Annotated[Caller, require("health:read")]
HealthScoreId = Annotated[UUID, by_key_or_id(KEYS, HealthScoreNotFound)]


@router.post(
    "/{id}/preview",
    summary="Preview the definitions of a health score",
    response_model=HealthPreviewOut,
)
@all_faults_at_once
async def preview_health_definitions(
    score_id: HealthScoreId, data: HealthDefinitionsIn, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Scores every record by a draft of the whole list and counts how labels would move, with the
    twenty records that matter most; nothing is stored. A draft with faults is refused with all of
    them, as when it is stored.
    """
    return await service.preview_definitions(uow, score_id, data)
