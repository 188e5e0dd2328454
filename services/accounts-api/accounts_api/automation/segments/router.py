from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from accounts_api.automation.segments import service
from accounts_api.automation.segments.schemas import (
    SegmentDetail,
    SegmentIn,
    SegmentOut,
    SegmentPatch,
)
from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.evaluation.usages.service import Elsewhere
from shared.auth import Caller
from shared.events.records import RecordType
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/segments", "Segments")

Reader = Annotated[Caller, require("segments:read")]
Writer = Annotated[Caller, require("segments:write")]
SegmentId = Annotated[UUID, by_key_or_id(service.SEGMENT_KEYS, service.SegmentNotFound)]
Force = Annotated[
    bool, Query(description="True archives it although rules or sequences ask for it.")
]


@router.get("", summary="List segments", response_model=Page[SegmentOut])
async def list_segments(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    *,
    limit: Limit = 50,
    cursor: CursorParam = None,
    record_type: RecordType | None = None,
    archived: Annotated[
        bool, Query(description="True lists archived segments in place of live ones.")
    ] = False,
) -> dict[str, Any]:
    """Lists segments by title, the live ones unless `archived` asks for the others."""
    shape = ["segments", record_type, archived]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    found = await service.list_segments(
        uow,
        record_type=record_type,
        archived=archived,
        after=(after[0], UUID(after[1])) if after else None,
        limit=limit,
    )
    rows = [shown.as_json() for shown in found]
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ("title", "id"))


@router.post("", status_code=201, summary="Create a segment", response_model=SegmentOut)
@all_faults_at_once
async def create_segment(data: SegmentIn, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Creates a segment. The answer comes at once; members follow in batches, and `progress` shows
    how far that is.
    """
    shown = await service.create_segment(uow, data)
    return shown.as_json()


@router.get("/{id}", summary="Get a segment", response_model=SegmentDetail)
async def get_segment(segment_id: SegmentId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns a segment with the count and revenue of its members, live or archived."""
    shown, revenue = await service.get_segment(uow, segment_id)
    return {**shown.as_json(), "arr": revenue}


@router.patch("/{id}", summary="Update a segment", response_model=SegmentOut)
@all_faults_at_once
async def update_segment(
    segment_id: SegmentId,
    data: SegmentPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> dict[str, Any]:
    """Changes what is sent. A new rule, group or priority makes the worker evaluate every record
    again; until then members stay as they are.
    """
    return (await service.update_segment(uow, segment_id, data, version)).as_json()


@router.post("/{id}/rename", summary="Rename a segment", response_model=SegmentOut)
async def rename_segment(
    segment_id: SegmentId, data: Rename, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Gives a segment another key. The one before leads to it for ninety days more, and rules that
    ask for it print the new one. 409 answers a key that leads to another segment.
    """
    return (await service.rename_segment(uow, segment_id, data.key)).as_json()


@router.delete("/{id}", status_code=204, summary="Archive a segment")
async def archive_segment(
    segment_id: SegmentId,
    version: IfMatch,
    caller: Writer,
    the_service: ServiceDep,
    *,
    force: Force = False,
) -> Response:
    """Archives a segment: its members leave, and its history stays. 409 names the rules and
    sequences that ask for it, unless `force`.
    """
    elsewhere = Elsewhere()
    if not force:
        elsewhere = await service.ask_others(the_service, caller, segment_id)
    async with the_service.units.begin(caller.workspace_id, caller.cause) as uow:
        await service.archive_segment(uow, segment_id, version, elsewhere, force=force)
    return Response(status_code=204)


@router.get("/{id}/usages", summary="Get usages of a segment", response_model=UsageListOut)
async def get_segment_usages(
    segment_id: SegmentId, caller: Reader, the_service: ServiceDep
) -> dict[str, Any]:
    """Lists rules that ask for the segment, in whatever they decide, and sequences. `records`
    counts its members.
    """
    elsewhere = await service.ask_others(the_service, caller, segment_id)
    begin = the_service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        segment = await service.segment_named(uow, segment_id)
        return (await service.used_by(uow, segment, elsewhere)).as_json()


@router.post(
    "/{id}/recheck",
    status_code=202,
    summary="Recheck a segment",
    response_model=SegmentOut,
)
async def recheck_segment(segment_id: SegmentId, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Evaluates every record again, as the worker does once a day, too. `progress.drift` says how
    many memberships were wrong.
    """
    return (await service.recheck_segment(uow, segment_id)).as_json()
