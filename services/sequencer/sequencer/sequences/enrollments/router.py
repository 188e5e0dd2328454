from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from sequencer.sequences.enrollments import service
from sequencer.sequences.enrollments.schemas import EnrollmentWithTimeline
from sequencer.sequences.enrollments.views import shown
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/enrollments", "Enrollments")

Reader = Annotated[Caller, require("enrollments:read")]
EnrollmentId = Annotated[UUID, Path(alias="id", description="The id of the enrollment.")]


@router.get("/{id}", summary="Get an enrollment", response_model=EnrollmentWithTimeline)
async def get_enrollment(enrollment_id: EnrollmentId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """One enrollment with everything that happened to it, oldest first."""
    enrollment = await service.get(uow, enrollment_id)
    lines = await service.timeline(uow, enrollment_id)
    return {**await shown(uow, enrollment), "timeline": lines}
