from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from sequencer.sequences.enrollments import manual_actions, service
from sequencer.sequences.enrollments.rules import State
from sequencer.sequences.enrollments.schemas import (
    EnrollmentOut,
    EnrollmentWithTimeline,
    NoteIn,
    ReplaceContact,
    SkipStep,
)
from sequencer.sequences.enrollments.views import shown, shown_all
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/enrollments", "Enrollments")

Reader = Annotated[Caller, require("enrollments:read")]
Writer = Annotated[Caller, require("enrollments:write")]


@router.get("", summary="List enrollments", response_model=Page[EnrollmentOut])
async def list_enrollments(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    state: Annotated[State | None, Query()] = None,
    sequence_id: Annotated[UUID | None, Query()] = None,
    opportunity_id: Annotated[UUID | None, Query()] = None,
    account_id: Annotated[UUID | None, Query()] = None,
    contact_id: Annotated[UUID | None, Query()] = None,
) -> dict[str, Any]:
    """Newest first."""
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


@router.get("/{enrollment_id}", summary="Get an enrollment", response_model=EnrollmentWithTimeline)
async def get_enrollment(enrollment_id: UUID, caller: Reader, uow: Uow) -> dict[str, Any]:
    """With everything that happened to it, oldest first."""
    enrollment = await service.get(uow, enrollment_id)
    lines = await service.timeline(uow, enrollment_id)
    return {**await shown(uow, enrollment), "timeline": lines}


@router.post("/{enrollment_id}/pause", summary="Pause", response_model=EnrollmentOut)
async def pause_enrollment(
    enrollment_id: UUID, data: NoteIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """From the answer on no mail of it begins; one under way is named `in_flight_message_id`."""
    enrollment = await service.get_open(uow, enrollment_id)
    paused = await service.pause(uow, enrollment, "manual", note=data.note)
    return await shown(uow, paused)


@router.post("/{enrollment_id}/resume", summary="Resume", response_model=EnrollmentOut)
async def resume_enrollment(enrollment_id: UUID, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Goes on with the next step that may be sent. 409 while what stopped it still stands."""
    await manual_actions.resume(uow, enrollment_id)
    return await shown(uow, await service.get(uow, enrollment_id))


@router.post("/{enrollment_id}/exit", summary="Exit", response_model=EnrollmentOut)
async def exit_enrollment(
    enrollment_id: UUID, data: NoteIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Takes it out of the sequence. It does not enter again by itself."""
    enrollment = await service.get_open(uow, enrollment_id)
    return await shown(
        uow, await service.exit_enrollment(uow, enrollment, "manual", note=data.note)
    )


@router.post(
    "/{enrollment_id}/replace-contact",
    summary="Replace the contact",
    response_model=EnrollmentOut,
)
async def replace_enrollment_contact(
    enrollment_id: UUID, data: ReplaceContact, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Resumes at the step whose mail bounced. 422 names every reason against the contact."""
    await manual_actions.replace_contact(uow, enrollment_id, data.contact_id)
    return await shown(uow, await service.get(uow, enrollment_id))


@router.post("/{enrollment_id}/skip", summary="Skip a step", response_model=EnrollmentOut)
async def skip_enrollment_step(
    enrollment_id: UUID, data: SkipStep, caller: Writer, uow: Uow
) -> dict[str, Any]:
    return await shown(uow, await manual_actions.skip_step(uow, enrollment_id, data.step_id))
