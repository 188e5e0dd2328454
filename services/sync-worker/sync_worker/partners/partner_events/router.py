from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from shared.auth import Caller
from shared.web.problems import Problem
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.partners.partner_events import service
from sync_worker.partners.partner_events.schemas import EventOut, EventPage

router = api_router("/v1/events", "Events")

Reader = Annotated[Caller, require("events:read")]


@router.get(
    "",
    summary="List events",
    response_model=EventPage,
    responses={
        410: {
            "model": Problem,
            "description": "Events after this cursor are no longer kept.",
            "content": {"application/problem+json": {}},
        }
    },
)
async def list_events(
    caller: Reader,
    the_service: ServiceDep,
    after: Annotated[
        str,
        Query(
            max_length=100,
            description="`next_after` of the page before, or the `cursor` of an event. Empty starts"
            " with the oldest event that is kept, `latest` with what comes from now on.",
        ),
    ] = "",
    limit: Annotated[
        int, Query(ge=1, le=1000, description="Events on a page, of 4 MB at most.")
    ] = 100,
    types: Annotated[
        str | None,
        Query(
            max_length=2000,
            description="Only these types, separated by commas: `account.*,task.opened`.",
        ),
    ] = None,
    wait: Annotated[
        float,
        Query(ge=0, le=20, description="Seconds to wait for an event when there is none."),
    ] = 0,
) -> Response:
    """Every event exactly once and none left out, in an order that respects each publisher's.
    Events are kept for 30 days. A receiver of webhooks that missed some reads them here.
    """
    page = await service.read_feed(the_service, caller, after, types, limit, wait)
    return Response(page, media_type="application/json")


@router.get("/{id}", summary="Get an event", response_model=EventOut)
async def get_event(id: UUID, caller: Reader, uow: Uow, the_service: ServiceDep) -> Response:  # noqa: A002
    """One event as the feed has it: whole, also when its webhook was shortened."""
    event = await service.read_event(the_service, uow, id)
    return Response(event, media_type="application/json")
