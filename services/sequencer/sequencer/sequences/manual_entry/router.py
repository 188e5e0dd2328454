from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from sequencer.sequences.enrollments.schemas import EnrollmentOut
from sequencer.sequences.enrollments.views import shown
from sequencer.sequences.manual_entry import service
from sequencer.sequences.manual_entry.schemas import EligibilityOut, EnrollIn
from sequencer.sequences.sequences import service as sequences
from shared.auth import Caller
from shared.events.sequences import EnrollmentEntry
from shared.routers.key_or_id import query_by_key_or_id
from shared.web.routing import Uow, api_router, refuses, require

router = api_router("/v1/enrollments", "Enrollments")


@router.get(
    "/eligibility",
    summary="Get the eligibility of an opportunity",
    response_model=EligibilityOut,
    responses=refuses(404, 409),
)
async def get_eligibility(
    caller: Annotated[Caller, require("enrollments:read")],
    uow: Uow,
    sequence_id: Annotated[
        UUID,
        query_by_key_or_id(
            sequences.KEYS,
            "sequence_id",
            "The sequence that it may enter, by its id or key.",
            required=True,
        ),
    ],
    opportunity_id: Annotated[UUID, Query(description="The opportunity that may enter.")],
    entry: Annotated[
        EnrollmentEntry,
        Query(description="By itself (`audience`), or because a person asks for it (`manual`)."),
    ] = "audience",
) -> dict[str, Any]:
    """Every gate with its verdict, and every contact of the account with its rank."""
    return await service.eligibility(uow, sequence_id, opportunity_id, entry)


@router.post("", status_code=201, summary="Create an enrollment", response_model=EnrollmentOut)
async def create_enrollment(
    data: EnrollIn, caller: Annotated[Caller, require("enrollments:write")], uow: Uow
) -> dict[str, Any]:
    """Enters an opportunity by hand. Steps whose day has passed are skipped. 409 `cannot_enroll`
    names every gate in the way; 409 `contract_expired` also makes a task, and so does
    `no_step_left`, whose `available_actions` say whether `send_now` would still send one.
    """
    return await shown(uow, await service.enroll(uow, data))
