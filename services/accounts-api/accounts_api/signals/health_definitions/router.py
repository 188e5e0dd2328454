from typing import Annotated, Any
from uuid import UUID

from accounts_api.signals.health_definitions import service
from accounts_api.signals.health_definitions.schemas import (
    HealthDefinitionsIn,
    HealthDefinitionsOut,
)
from accounts_api.signals.health_scores.service import KEYS, HealthScoreNotFound
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/health-scores", "Health")

Reader = Annotated[Caller, require("health:read")]
Writer = Annotated[Caller, require("health:write")]
HealthScoreId = Annotated[UUID, by_key_or_id(KEYS, HealthScoreNotFound)]


@router.get(
    "/{id}/definitions",
    summary="Get the definitions of a health score",
    response_model=HealthDefinitionsOut,
)
async def get_health_definitions(score_id: HealthScoreId, caller: Reader, uow: Uow) -> Any:
    """Returns the definitions in the order in which they decide, with the version of the list."""
    return await service.get_definitions(uow, score_id)


@router.put(
    "/{id}/definitions",
    summary="Replace the definitions of a health score",
    response_model=HealthDefinitionsOut,
)
@all_faults_at_once
async def replace_health_definitions(
    score_id: HealthScoreId, data: HealthDefinitionsIn, version: IfMatch, caller: Writer, uow: Uow
) -> Any:
    """Replaces the whole list: the first definition whose segment holds a record scores it, the
    last may be for every record. The answer comes at once; scores follow in batches, and `progress`
    shows how far that is. A repeated call changes nothing. A score that would depend on itself is
    refused with the way round.
    """
    return await service.replace_definitions(uow, score_id, data, version)
