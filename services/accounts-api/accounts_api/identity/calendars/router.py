from typing import Annotated, Any
from uuid import UUID

from accounts_api.identity.calendars import service
from accounts_api.identity.calendars.queries import KEYS
from accounts_api.identity.calendars.schemas import (
    CalendarIn,
    CalendarOut,
    CalendarPatch,
    TimeAdded,
    TimeAddition,
)
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/calendars", "Calendars")

Reader = Annotated[Caller, require("workspace:read")]
Writer = Annotated[Caller, require("workspace:write")]
CalendarId = Annotated[UUID, by_key_or_id(KEYS, service.CalendarNotFound)]


@router.get("", summary="List calendars", response_model=Page[CalendarOut])
async def list_calendars(
    caller: Reader, uow: Uow, the_service: ServiceDep, limit: Limit = 50, cursor: CursorParam = None
) -> Any:
    """Lists calendars by title."""
    return await service.list_calendars(uow, the_service.cursors, cursor, limit)


@router.post("", status_code=201, summary="Create a calendar", response_model=CalendarOut)
@all_faults_at_once
async def create_calendar(data: CalendarIn, caller: Writer, uow: Uow) -> Any:
    """Makes a calendar, which members can then work by. Without a `key` it gets one that is made of
    its title, with a number if another calendar has that.
    """
    return service.shown(await service.create_calendar(uow, data))


@router.get("/{id}", summary="Get a calendar", response_model=CalendarOut)
async def get_calendar(calendar_id: CalendarId, caller: Reader, uow: Uow) -> Any:
    """Returns a calendar with its hours and its own days; public holidays are those of the country
    and are not listed.
    """
    return service.shown(await service.get_calendar(uow, calendar_id))


@router.patch("/{id}", summary="Update a calendar", response_model=CalendarOut)
@all_faults_at_once
async def update_calendar(
    calendar_id: CalendarId, data: CalendarPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Any:
    """Changes what is sent. What was counted by the calendar and has not come yet is counted again:
    rules that speak of business days, tasks that are due after so many of them, and planned mails.
    What is due or sent already stays.
    """
    return service.shown(await service.update_calendar(uow, calendar_id, data, version))


@router.post("/{id}/rename", summary="Rename a calendar", response_model=CalendarOut)
async def rename_calendar(calendar_id: CalendarId, data: Rename, caller: Writer, uow: Uow) -> Any:
    """Gives a calendar another key. The one before leads to it for ninety days more, and is then
    free. 409 answers a key that leads to another calendar.
    """
    return service.shown(await service.rename_calendar(uow, calendar_id, data.key))


@router.delete("/{id}", status_code=204, summary="Delete a calendar")
async def delete_calendar(
    calendar_id: CalendarId, version: IfMatch, caller: Writer, uow: Uow
) -> None:
    """Deletes a calendar that nobody works by. In use, or as the default of the workspace, it is a
    409 that names the usages.
    """
    await service.delete_calendar(uow, calendar_id, version)


@router.post("/{id}/add", summary="Add a length of time by a calendar", response_model=TimeAdded)
async def add_calendar_time(
    calendar_id: CalendarId, data: TimeAddition, caller: Reader, uow: Uow
) -> Any:
    """Says where a length of time leads, and which days are not counted on the way. Business days
    begin with the next opening, and keep its hour. Nothing is stored.
    """
    return await service.add_to(uow, calendar_id, data)
