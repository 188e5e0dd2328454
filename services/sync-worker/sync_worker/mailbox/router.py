from typing import Annotated, Any
from uuid import UUID

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import TheService, Uow, api_router, require
from sync_worker.mailbox import service
from sync_worker.mailbox.schemas import ParkedMailOut

router = api_router("/v1", "Sync runs")

Reader = Annotated[Caller, require("connections:read")]


@router.get(
    "/connections/{id}/parked-mails",
    summary="List mails that could not be read",
    response_model=Page[ParkedMailOut],
)
async def list_parked_mails(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: TheService,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Each with its reason. A bounce or a reply among them had no effect: look at it yourself."""
    shape = ["parked_mails", str(id)]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_parked(uow, id, (after[0], after[1]) if after else (0, 0), limit)
    keys = ["uid_validity", "uid"]
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, keys)
