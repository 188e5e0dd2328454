from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from accounts_api.evaluation.usages import service
from accounts_api.evaluation.usages.schemas import UsageListOut
from accounts_api.identity.calendars import service as calendars
from accounts_api.identity.members import service as members
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/members", "Members")
of_calendars = api_router("/v1/calendars", "Calendars")


@router.get("/{id}/usages", summary="Get usages of a member", response_model=UsageListOut)
async def get_member_usages(
    member_id: Annotated[UUID, Path(alias="id", description="The id of the member.")],
    caller: Annotated[Caller, require("members:read")],
    the_service: ServiceDep,
) -> dict[str, Any]:
    """Lists rules that ask for them or choose them, traits that name them on a record, holdings
    that are to begin, handovers to them that run, their API keys, open tasks and mailboxes, and the
    sequences that send from these. `records` counts accounts on which they hold a key role.
    """
    elsewhere = await service.ask_others(the_service, caller, "member", str(member_id))
    begin = the_service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        await members.get_member(uow, member_id)
        return (await service.member_used(uow, member_id, elsewhere)).as_json()


@of_calendars.get("/{id}/usages", summary="Get usages of a calendar", response_model=UsageListOut)
async def get_calendar_usages(
    calendar_id: Annotated[UUID, by_key_or_id(calendars.KEYS, calendars.CalendarNotFound)],
    caller: Annotated[Caller, require("workspace:read")],
    uow: Uow,
) -> dict[str, Any]:
    """Lists the members who work by it, and the workspace for its default. No record uses one."""
    calendar = await calendars.get_calendar(uow, calendar_id)
    return service.Used(await calendars.usages_of(uow, calendar), [], 0).as_json()
