from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.signals.indicator_definitions import service
from accounts_api.signals.indicator_definitions.schemas import (
    IndicatorDefinitionIn,
    IndicatorDefinitionOut,
    IndicatorDefinitionPatch,
)
from shared.auth import Caller
from shared.events.signals.indicators import IndicatorKind, IndicatorRecordType
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/indicator-definitions", "Indicators")

Reader = Annotated[Caller, require("indicators:read")]
Writer = Annotated[Caller, require("indicators:write")]
DefinitionId = Annotated[UUID, by_key_or_id(service.KEYS, service.IndicatorDefinitionNotFound)]


@router.get(
    "", summary="List definitions of indicators", response_model=Page[IndicatorDefinitionOut]
)
async def list_indicator_definitions(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    *,
    limit: Limit = 50,
    cursor: CursorParam = None,
    kind: Annotated[
        IndicatorKind | None, Query(description="Only those of risks, or of opportunities.")
    ] = None,
    record_type: Annotated[
        IndicatorRecordType | None, Query(description="Only those of records of this type.")
    ] = None,
    archived: Annotated[
        bool, Query(description="True lists archived definitions in place of live ones.")
    ] = False,
) -> dict[str, Any]:
    """Lists what is an indicator, by title, the live definitions unless `archived` asks for the
    others.
    """
    shape = ["indicator definitions", kind, record_type, archived]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_definitions(
        uow,
        kind=kind,
        record_type=record_type,
        archived=archived,
        after=(after[0], UUID(after[1])) if after else None,
        limit=limit,
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ("title", "id"))


@router.post(
    "",
    status_code=201,
    summary="Create a definition of an indicator",
    response_model=IndicatorDefinitionOut,
)
@all_faults_at_once
async def create_indicator_definition(
    data: IndicatorDefinitionIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Defines an indicator. The answer comes at once; what its rule finds is opened in batches, and
    `progress` shows how far that is. With `quiet` these call for nothing.
    """
    return await service.create_definition(uow, data)


@router.get(
    "/{id}", summary="Get a definition of an indicator", response_model=IndicatorDefinitionOut
)
async def get_indicator_definition(
    definition_id: DefinitionId, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Returns a definition with the count of its open indicators, live or archived."""
    return await service.get_definition(uow, definition_id)


@router.patch(
    "/{id}",
    summary="Update a definition of an indicator",
    response_model=IndicatorDefinitionOut,
)
@all_faults_at_once
async def update_indicator_definition(
    definition_id: DefinitionId,
    data: IndicatorDefinitionPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> dict[str, Any]:
    """Changes what is sent. Another rule, hold or key role makes the worker evaluate every record
    again, which opens and clears indicators; with `quiet` what is opened then calls for nothing.
    """
    return await service.update_definition(uow, definition_id, data, version)


@router.delete("/{id}", status_code=204, summary="Archive a definition of an indicator")
async def archive_indicator_definition(
    definition_id: DefinitionId, version: IfMatch, caller: Writer, uow: Uow
) -> None:
    """Archives a definition: its live indicators are cleared, and all of them stay in the lists and
    in their history.
    """
    await service.archive_definition(uow, definition_id, version)


@router.get(
    "/{id}/usages",
    summary="Get usages of a definition of an indicator",
    response_model=UsageListOut,
)
async def get_indicator_definition_usages(
    definition_id: DefinitionId, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Lists what would not be what it is without it. `records` counts those with an open indicator
    of it.
    """
    return (await service.usages_of(uow, definition_id)).as_json()


@router.post(
    "/{id}/recheck",
    status_code=202,
    summary="Recheck a definition of an indicator",
    response_model=IndicatorDefinitionOut,
)
async def recheck_indicator_definition(
    definition_id: DefinitionId, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Evaluates every record again, as the worker does once a day, too. `progress.drift` says how
    many indicators were wrong.
    """
    return await service.recheck_definition(uow, definition_id)
