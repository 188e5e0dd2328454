from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.automation.memberships import inspection, service
from accounts_api.automation.memberships.schemas import (
    MembershipOut,
    OverrideIn,
    SegmentExplanationOut,
    SegmentMemberOut,
    SegmentPreviewIn,
    SegmentPreviewOut,
)
from accounts_api.automation.segments import service as segments
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import by_key_or_id
from shared.schemas import Instant
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require

router = api_router("/v1/segments", "Segments")

Reader = Annotated[Caller, require("segments:read")]
Writer = Annotated[Caller, require("segments:write")]
SegmentId = Annotated[UUID, by_key_or_id(segments.SEGMENT_KEYS, segments.SegmentNotFound)]
OfSegment = Annotated[
    UUID,
    by_key_or_id(segments.SEGMENT_KEYS, segments.SegmentNotFound, alias="segment_id"),
]
ExplainedRecord = Annotated[
    UUID, Query(description="The id of a record of the segment's record type.")
]


@router.post(
    "/preview",
    summary="Preview a segment",
    response_model=SegmentPreviewOut,
    responses=refuses(404),
)
@all_faults_at_once
async def preview_segment(data: SegmentPreviewIn, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Counts what a draft would hold and who would move against the members now, with samples;
    nothing is stored.
    """
    return await inspection.preview_segment(uow, data)


@router.get(
    "/{segment_id}/members",
    summary="List members of a segment",
    response_model=Page[SegmentMemberOut],
)
async def list_segment_members(
    segment_id: OfSegment,
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    as_of: Annotated[
        Instant | None,
        Query(
            description="The members at this instant of the workspace's clock, which has come;"
            " without it, now."
        ),
    ] = None,
    known_as_of: Annotated[
        Instant | None,
        Query(description="As far as Tenure knew at this instant of the real clock."),
    ] = None,
) -> dict[str, Any]:
    """Lists the members in the order of their ids, now or as they were at `as_of`."""
    shape = ["segment members", segment_id, as_of, known_as_of]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    found = await service.list_members(
        uow,
        segment_id,
        as_of=as_of,
        known_as_of=known_as_of,
        after=UUID(after[0]) if after else None,
        limit=limit,
    )
    return page_of(found, limit, the_service.cursors, caller.workspace_id, shape, ("record_id",))


@router.put(
    "/{segment_id}/members/{record_id}",
    summary="Set a member of a segment by hand",
    response_model=MembershipOut,
)
async def set_segment_member(
    segment_id: OfSegment, record_id: UUID, data: OverrideIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Adds or removes a record by hand, which beats the rule, both ways, until it is cleared."""
    return await service.set_member(uow, segment_id, record_id, data)


@router.delete(
    "/{segment_id}/members/{record_id}",
    summary="Clear what was set by hand about a member",
    response_model=MembershipOut,
)
async def clear_segment_member(
    segment_id: OfSegment, record_id: UUID, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Takes back what a person said about the record and lets the rule decide again, at once. 404
    answers when nobody had added or removed it.
    """
    return await service.clear_member(uow, segment_id, record_id)


@router.get(
    "/{id}/explain",
    summary="Explain why a record is in a segment or not",
    response_model=SegmentExplanationOut,
)
async def explain_segment(
    segment_id: SegmentId, record_id: ExplainedRecord, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Returns what the rule says of the record, condition by condition, what a person said, and
    when the record was a member.
    """
    return await inspection.explain_segment(uow, segment_id, record_id)
