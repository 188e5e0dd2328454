from typing import Annotated, Any
from uuid import UUID

from accounts_api.automation.handovers import service
from accounts_api.automation.handovers.schemas import (
    HandoverHoldings,
    HandoverIn,
    HandoverOut,
    HandoverPreview,
)
from shared.auth import Caller
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1/members/{member_id}/handover", "Members")

Reader = Annotated[Caller, require("members:read")]
Writer = Annotated[Caller, require("members:write")]


@router.get(
    "/preview", summary="Get what a member would hand over", response_model=HandoverHoldings
)
async def get_handover_holdings(
    member_id: UUID, caller: Reader, tenure: ServiceDep
) -> dict[str, Any]:
    """Returns accounts by key role, open tasks, and enrollments whose mails the member's mailbox
    sends.
    """
    elsewhere = await service.ask_others(tenure, caller, member_id)
    begin = tenure.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        return await service.holdings(uow, member_id, elsewhere)


@router.post("/preview", summary="Preview a handover", response_model=HandoverPreview)
async def preview_handover(
    member_id: UUID, data: HandoverIn, caller: Reader, tenure: ServiceDep
) -> dict[str, Any]:
    """Counts what each successor would take, choosing as the job would choose now; nothing is
    stored. Mails not sent yet go on from the new holder's mailbox, if there is one.
    """
    elsewhere = await service.ask_others(tenure, caller, member_id, data)
    begin = tenure.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        return await service.preview(uow, member_id, data, elsewhere)


@router.post("", status_code=202, summary="Start a handover", response_model=HandoverOut)
async def start_handover(
    member_id: UUID, data: HandoverIn, caller: Writer, uow: Uow
) -> dict[str, Any]:
    """Starts a job: every key role goes to its successor, account by account, and then open tasks
    do, with their clocks. 409 answers while one runs; start it again afterwards to move what came
    to the member meanwhile.
    """
    return await service.start(uow, member_id, data)


@router.get("", summary="Get the last handover of a member", response_model=HandoverOut)
async def get_handover(member_id: UUID, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Returns how far the member's last handover is; 404 when none was started."""
    return await service.last(uow, member_id)
