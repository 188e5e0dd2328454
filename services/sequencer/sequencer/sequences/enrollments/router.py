from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.sequences.enrollments import service
from sequencer.sequences.enrollments.rules import EnrollmentState
from sequencer.sequences.enrollments.schemas import (
    EnrollmentOut,
    EnrollmentWithTimeline,
)
from sequencer.sequences.enrollments.views import shown, shown_all
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/enrollments", "Enrollments")

Reader = Annotated[Caller, require("enrollments:read")]
EnrollmentId = Annotated[UUID, Path(alias="id", description="The id of the enrollment.")]


@router.get("", summary="List enrollments", response_model=Page[EnrollmentOut])
async def list_enrollments(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    state: Annotated[
        EnrollmentState | None, Query(description="Only enrollments in this state.")
    ] = None,
    sequence_id: Annotated[
        UUID | None, Query(description="Only enrollments in this sequence.")
    ] = None,
    opportunity_id: Annotated[
        UUID | None, Query(description="Only enrollments of this opportunity.")
    ] = None,
    account_id: Annotated[
        UUID | None, Query(description="Only enrollments of opportunities of this account.")
    ] = None,
    contact_id: Annotated[
        UUID | None, Query(description="Only enrollments that write to this contact.")
    ] = None,
) -> dict[str, Any]:
    """Enrollments under way and ended ones, newest first."""
    filters = {
        "state": state,
        "sequence_id": sequence_id,
        "opportunity_id": opportunity_id,
        "account_id": account_id,
        "contact_id": contact_id,
    }
    shape = ["enrollments", *filters.values()]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.enrollments_page(
        uow, filters, after_id=UUID(after[0]) if after else None, limit=limit
    )
    page = page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])
    return {**page, "data": await shown_all(uow, page["data"])}


@router.get("/{id}", summary="Get an enrollment", response_model=EnrollmentWithTimeline)
async def get_enrollment(enrollment_id: EnrollmentId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """One enrollment with everything that happened to it, oldest first."""
    enrollment = await service.get(uow, enrollment_id)
    lines = await service.timeline(uow, enrollment_id)
    return {**await shown(uow, enrollment), "timeline": lines}
