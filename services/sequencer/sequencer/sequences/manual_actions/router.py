from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.schemas import EnrollmentOut
from sequencer.sequences.enrollments.views import shown
from sequencer.sequences.manual_actions import service
from sequencer.sequences.manual_actions.schemas import EnrollmentNote, ReplaceContact, SkipStep
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/enrollments", "Enrollments")

Writer = Annotated[Caller, require("enrollments:write")]
EnrollmentId = Annotated[UUID, Path(alias="id", description="The id of the enrollment.")]


@router.post("/{id}/pause", summary="Pause an enrollment", response_model=EnrollmentOut)
async def pause_enrollment(
    enrollment_id: EnrollmentId, data: EnrollmentNote, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Stops the enrollment until a person resumes it. From the answer on no mail of it begins; one
    under way is named `in_flight_message_id`.
    """
    enrollment = await enrollments.get_open(uow, enrollment_id)
    paused = await enrollments.pause(uow, enrollment, "manual", note=data.note)
    return await shown(uow, paused)


@router.post("/{id}/resume", summary="Resume an enrollment", response_model=EnrollmentOut)
async def resume_enrollment(
    enrollment_id: EnrollmentId, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Lets a paused enrollment go on with the next step that may be sent. 409 while what stopped it
    still stands.
    """
    await service.resume(uow, enrollment_id)
    return await shown(uow, await enrollments.get(uow, enrollment_id))


@router.post("/{id}/exit", summary="Exit an enrollment", response_model=EnrollmentOut)
async def exit_enrollment(
    enrollment_id: EnrollmentId, data: EnrollmentNote, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Takes the record out of the sequence. It does not enter again by itself."""
    enrollment = await enrollments.get_open(uow, enrollment_id)
    return await shown(
        uow, await enrollments.exit_enrollment(uow, enrollment, "manual", note=data.note)
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
    await service.replace_contact(uow, enrollment_id, data.contact_id)
    return await shown(uow, await enrollments.get(uow, enrollment_id))


@router.post("/{id}/skip", summary="Skip a step of an enrollment", response_model=EnrollmentOut)
async def skip_enrollment_step(
    enrollment_id: EnrollmentId, data: SkipStep, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Passes a step over: its mail does not leave. 409 once it was sent, skipped or has begun."""
    return await shown(uow, await service.skip_step(uow, enrollment_id, data.step_id))
