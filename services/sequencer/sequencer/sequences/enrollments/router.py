from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.sequences.enrollments import manual_actions, service
from sequencer.sequences.enrollments.rules import EnrollmentState
from sequencer.sequences.enrollments.schemas import (
    EnrollmentNote,
    EnrollmentOut,
    EnrollmentWithTimeline,
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


@router.post("/{id}/pause", summary="Pause an enrollment", response_model=EnrollmentOut)
async def pause_enrollment(
    enrollment_id: EnrollmentId, data: EnrollmentNote, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Stops the enrollment until a person resumes it. From the answer on no mail of it begins; one
    under way is named `in_flight_message_id`.
    """
    enrollment = await service.get_open(uow, enrollment_id)
    paused = await service.pause(uow, enrollment, "manual", note=data.note)
    return await shown(uow, paused)


@router.post("/{id}/resume", summary="Resume an enrollment", response_model=EnrollmentOut)
async def resume_enrollment(
    enrollment_id: EnrollmentId, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Lets a paused enrollment go on with the next step that may be sent. 409 while what stopped it
    still stands.
    """
    await manual_actions.resume(uow, enrollment_id)
    return await shown(uow, await service.get(uow, enrollment_id))


@router.post("/{id}/exit", summary="Exit an enrollment", response_model=EnrollmentOut)
async def exit_enrollment(
    enrollment_id: EnrollmentId, data: EnrollmentNote, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Takes the record out of the sequence. It does not enter again by itself."""
    enrollment = await service.get_open(uow, enrollment_id)
    return await shown(
        uow, await service.exit_enrollment(uow, enrollment, "manual", note=data.note)
    )


@router.post(
    "/{id}/replace-contact",
    summary="Replace the contact of an enrollment",
    response_model=EnrollmentOut,
)
async def replace_enrollment_contact(
    enrollment_id: EnrollmentId, data: ReplaceContact, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Writes to another contact of the account, and resumes at the step whose mail bounced. 422
    names every reason against the contact.
    """
    await manual_actions.replace_contact(uow, enrollment_id, data.contact_id)
    return await shown(uow, await service.get(uow, enrollment_id))


@router.post("/{id}/skip", summary="Skip a step of an enrollment", response_model=EnrollmentOut)
async def skip_enrollment_step(
    enrollment_id: EnrollmentId, data: SkipStep, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Passes a step over: its mail does not leave. 409 once it was sent, skipped or has begun."""
    return await shown(uow, await manual_actions.skip_step(uow, enrollment_id, data.step_id))
