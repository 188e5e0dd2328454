from typing import Annotated, Any

from fastapi import Body, Query

from sequencer.sequences.enrollment_lists import queries
from sequencer.sequences.enrollments.schemas import EnrollmentOut
from sequencer.sequences.enrollments.views import shown_all
from shared.auth import Caller
from shared.lists.schemas import CountedPage, ListParams, SearchBody
from shared.lists.service import ListQuery
from shared.service import Service
from shared.uow import UnitOfWork
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/enrollments", "Enrollments")

Reader = Annotated[Caller, require("enrollments:read")]

_SEARCH: Any = {
    "bounced": {
        "summary": "Paused because their contact cannot be reached, the soonest due first",
        "value": {
            "filter": 'state = "paused" and pause_reason = "contact_bounced"',
            "sort": "next_due_at",
            "count": "exact",
        },
    }
}


@router.get("", summary="List enrollments", response_model=CountedPage[EnrollmentOut])
async def list_enrollments(
    caller: Reader, uow: Uow, the_service: ServiceDep, params: Annotated[ListParams, Query()]
) -> dict[str, Any]:
    """Enrollments under way and ended ones, newest first unless `sort` says otherwise, and those
    that `filter` finds if there is one: `state = "active" and next_due_at within next 7 days`.
    """
    return await _page(uow, ListQuery(**params.model_dump()), the_service)


@router.post("/search", summary="Search enrollments", response_model=CountedPage[EnrollmentOut])
async def search_enrollments(
    data: Annotated[SearchBody, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
) -> dict[str, Any]:
    """Finds enrollments by a rule, as the list does; a rule that is too long for an address fits
    here.
    """
    return await _page(uow, ListQuery(**data.model_dump(), pointers=""), the_service)


async def _page(uow: UnitOfWork, query: ListQuery, running: Service) -> dict[str, Any]:
    page = await queries.enrollments_page(uow, query, running.cursors)
    return {**page, "data": await shown_all(uow, page["data"])}
