from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from accounts_api.evaluation.usages import service as usages
from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.evaluation.usages.service import Elsewhere
from accounts_api.signals.metrics import service
from accounts_api.signals.metrics.schemas import (
    MetricCheckOut,
    MetricDraft,
    MetricIn,
    MetricOut,
    MetricPatch,
)
from accounts_api.signals.metrics.sources import MetricRecordType
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/metrics", "Metrics")

Reader = Annotated[Caller, require("metrics:read")]
Writer = Annotated[Caller, require("metrics:write")]
MetricId = Annotated[UUID, by_key_or_id(service.METRIC_KEYS, service.MetricNotFound)]
Force = Annotated[
    bool, Query(description="True archives it although rules, formulas or metrics read it.")
]


@router.get("", summary="List metrics", response_model=Page[MetricOut])
async def list_metrics(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    *,
    limit: Limit = 50,
    cursor: CursorParam = None,
    record_type: MetricRecordType | None = None,
    archived: Annotated[
        bool, Query(description="True lists archived metrics in place of live ones.")
    ] = False,
) -> dict[str, Any]:
    """Lists metrics by title, the live ones unless `archived` asks for the others."""
    shape = ["metrics", record_type, archived]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_metrics(
        uow,
        record_type=record_type,
        archived=archived,
        after=(after[0], UUID(after[1])) if after else None,
        limit=limit,
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ("title", "id"))


@router.post("", status_code=201, summary="Create a metric", response_model=MetricOut)
@all_faults_at_once
async def create_metric(data: MetricIn, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Creates a metric. The answer comes at once; values follow in batches, and `progress` shows
    how far that is. Its values are then a field of the records, `metrics.<key>`.
    """
    return await service.create_metric(uow, data)


@router.post("/check", summary="Check a metric", response_model=MetricCheckOut)
async def check_metric(data: MetricDraft, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns all that is wrong with a draft, with pointer and what was probably meant. A faulty
    draft is an answer, not an error; nothing is stored.
    """
    return await service.check_metric(uow, data)


@router.get("/{id}", summary="Get a metric", response_model=MetricOut)
async def get_metric(metric_id: MetricId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns the definition of a metric, live or archived."""
    return await service.shown_metric(uow, metric_id)


@router.patch("/{id}", summary="Update a metric", response_model=MetricOut)
@all_faults_at_once
async def update_metric(
    metric_id: MetricId, data: MetricPatch, version: IfMatch, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Changes what is sent. Another definition makes the worker work it out for every record again;
    until then values stay as they are.
    """
    return await service.update_metric(uow, metric_id, data, version)


@router.delete("/{id}", status_code=204, summary="Archive a metric")
async def archive_metric(
    metric_id: MetricId,
    version: IfMatch,
    caller: Writer,
    the_service: ServiceDep,
    *,
    force: Force = False,
) -> Response:
    """Archives a metric: its values go. 409 names what reads it, unless `force`: then those stand
    still, and say why.
    """
    elsewhere = Elsewhere()
    begin = the_service.units.begin
    if not force:
        elsewhere = await _ask_others(the_service, caller, metric_id)
    async with begin(caller.workspace_id, caller.cause) as uow:
        await service.archive_metric(uow, metric_id, version, elsewhere, force=force)
    return Response(status_code=204)


@router.get("/{id}/usages", summary="Get usages of a metric", response_model=UsageListOut)
async def get_metric_usages(
    metric_id: MetricId, caller: Reader, the_service: ServiceDep
) -> dict[str, Any]:
    """Lists rules, formulas and other metrics that read its values. It is not counted by records:
    every record of the type has a value, or none for a reason.
    """
    elsewhere = await _ask_others(the_service, caller, metric_id)
    begin = the_service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        definition = await service.get_metric(uow, metric_id)
        return (await service.used_by(uow, definition, elsewhere)).as_json()


async def _ask_others(the_service: ServiceDep, caller: Caller, metric_id: UUID) -> Elsewhere:
    """Not within a transaction."""
    begin = the_service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        definition = await service.get_metric(uow, metric_id)
    return await usages.ask_others(
        the_service, caller, "metric", definition.key, definition.record_type
    )
