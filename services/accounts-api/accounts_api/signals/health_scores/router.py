from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.signals.health_scores import service
from accounts_api.signals.health_scores.schemas import (
    HealthScoreIn,
    HealthScoreOut,
    HealthScorePatch,
    HealthScoresOut,
)
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/health-scores", "Health")

Reader = Annotated[Caller, require("health:read")]
Writer = Annotated[Caller, require("health:write")]
HealthScoreId = Annotated[UUID, by_key_or_id(service.KEYS, service.HealthScoreNotFound)]
Force = Annotated[bool, Query(description="True archives it although rules read it.")]


@router.get("", summary="List health scores", response_model=HealthScoresOut)
async def list_health_scores(
    caller: Reader,
    uow: Uow,
    *,
    archived: Annotated[
        bool, Query(description="True lists archived scores in place of live ones.")
    ] = False,
) -> dict[str, Any]:
    """Lists health scores by title, the live ones unless `archived` asks for the others."""
    return {"data": await service.list_scores(uow, archived=archived)}


@router.post("", status_code=201, summary="Create a health score", response_model=HealthScoreOut)
@all_faults_at_once
async def create_health_score(data: HealthScoreIn, caller: Writer, uow: Uow) -> Any:
    """Creates a health score without definitions. Its key is fixed: rules, lists and exports read
    `health.<key>.score` and `health.<key>.label`, of the score `overall` also `health.score` and
    `health.label`. A workspace has at most ten, else it is a 409.
    """
    return (await service.shown(uow, [await service.create_score(uow, data)]))[0]


@router.get("/{id}", summary="Get a health score", response_model=HealthScoreOut)
async def get_health_score(score_id: HealthScoreId, caller: Reader, uow: Uow) -> Any:
    """Returns a health score, live or archived, with the progress of its latest evaluation."""
    return (await service.shown(uow, [await service.get_score(uow, score_id)]))[0]


@router.patch("/{id}", summary="Update a health score", response_model=HealthScoreOut)
@all_faults_at_once
async def update_health_score(
    score_id: HealthScoreId, data: HealthScorePatch, version: IfMatch, caller: Writer, uow: Uow
) -> Any:
    """Changes what is sent. Another `stop_at_churn` evaluates every record again, in batches."""
    changed = await service.update_score(uow, score_id, data, version)
    return (await service.shown(uow, [changed]))[0]


@router.get("/{id}/usages", summary="Get usages of a health score", response_model=UsageListOut)
async def get_health_score_usages(score_id: HealthScoreId, caller: Reader, uow: Uow) -> Any:
    """Lists rules that read its score or its label, in whatever they decide."""
    return (await service.used_by(uow, await service.get_score(uow, score_id))).as_json()


@router.delete("/{id}", status_code=204, summary="Archive a health score")
async def archive_health_score(
    score_id: HealthScoreId, version: IfMatch, caller: Writer, uow: Uow, *, force: Force = False
) -> None:
    """Archives a health score: records lose it, its key is free, and its history stays. 409 names
    the rules that read it, unless `force`: these can then be used no more.
    """
    await service.archive_score(uow, score_id, version, force=force)
