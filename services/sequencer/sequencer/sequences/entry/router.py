from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from sequencer.sequences.enrollments.schemas import EnrollmentOut
from sequencer.sequences.enrollments.views import shown as shown_enrollment
from sequencer.sequences.entry import manual_entry, service
from sequencer.sequences.entry.schemas import EligibilityOut, EnrollIn
from sequencer.sequences.sequences.schemas import SequenceOut
from sequencer.sequences.sequences.views import shown as shown_sequence
from shared.auth import Caller
from shared.events.sequences import EnrollmentEntry
from shared.web.routing import Uow, api_router, refuses, require

enrolling = api_router("/v1/enrollments", "Enrollments")
opening = api_router("/v1/sequences", "Sequences")

SequenceWriter = Annotated[Caller, require("sequences:write")]
SequenceId = Annotated[UUID, Path(alias="id", description="The id of the sequence.")]


@enrolling.get(
    "/eligibility",
    summary="Get the eligibility of an opportunity",
    response_model=EligibilityOut,
    responses=refuses(409),
)
async def get_eligibility(
    caller: Annotated[Caller, require("enrollments:read")],
    uow: Uow,
    sequence_id: Annotated[UUID, Query(description="The sequence that it may enter.")],
    opportunity_id: Annotated[UUID, Query(description="The opportunity that may enter.")],
    entry: Annotated[
        EnrollmentEntry,
        Query(description="By itself (`audience`), or because a person asks for it (`manual`)."),
    ] = "audience",
) -> dict[str, Any]:
    """Every gate with its verdict, and every contact of the account with its rank."""
    return await manual_entry.eligibility(uow, sequence_id, opportunity_id, entry)


@enrolling.post("", status_code=201, summary="Create an enrollment", response_model=EnrollmentOut)
async def create_enrollment(
    data: EnrollIn, caller: Annotated[Caller, require("enrollments:write")], uow: Uow
) -> dict[str, Any]:
    """Enters an opportunity by hand. Steps whose day has passed are skipped. 409 `cannot_enroll`
    names every gate in the way; 409 `contract_expired` also makes a task, and so does
    `no_step_left`, whose `available_actions` say whether `send_now` would still send one.
    """
    return await shown_enrollment(uow, await manual_entry.enroll(uow, data))


@opening.post("/{id}/publish", summary="Publish a sequence", response_model=SequenceOut)
async def publish_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Pins the draft as the next version. Records that are under way stay on theirs, new ones get
    this one.
    """
    return await shown_sequence(uow, await service.publish(uow, caller, sequence_id))


@opening.post("/{id}/enable", summary="Enable a sequence", response_model=SequenceOut)
async def enable_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Lets records enter: the audience enters the published version now, and whoever joins it
    later.
    """
    return await shown_sequence(uow, await service.enable(uow, sequence_id))


@opening.post("/{id}/disable", summary="Disable a sequence", response_model=SequenceOut)
async def disable_sequence(
    sequence_id: SequenceId, caller: SequenceWriter, uow: Uow
) -> dict[str, Any]:
    """Lets nobody enter from now on. Records that are under way go on."""
    return await shown_sequence(uow, await service.disable(uow, sequence_id))


@opening.delete("/{id}", status_code=204, summary="Delete a sequence")
async def delete_sequence(sequence_id: SequenceId, caller: SequenceWriter, uow: Uow) -> None:
    """Archives the sequence: records that are under way are taken out, and its history stays."""
    await service.archive(uow, sequence_id)
