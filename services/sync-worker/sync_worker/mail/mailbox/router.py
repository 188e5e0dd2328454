from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.mail.mailbox import service
from sync_worker.mail.mailbox.schemas import RejectedMailOut
from sync_worker.runner.runs.schemas import SyncRunOut
from sync_worker.runner.runs.service import SyncRun

router = api_router("/v1", "Sync runs")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]
_NUMBER: Any = {"ge": 0, "le": 2**32 - 1}
"""Of IMAP (RFC 9051 9)."""
UidValidity = Annotated[
    int, Path(description="Under which `uid` is the number of the mail in its folder.", **_NUMBER)
]
Uid = Annotated[int, Path(description="The number of the mail in its folder.", **_NUMBER)]


@router.get(
    "/connections/{id}/rejected-mails",
    summary="List rejected mails",
    response_model=Page[RejectedMailOut],
)
async def list_rejected_mails(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Mails that could not be read, each with its reason. A bounce or a reply among them had no
    effect: look at it yourself.
    """
    shape = ["rejected_mails", str(id)]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_rejected(uow, id, (after[0], after[1]) if after else (0, 0), limit)
    keys = ["uid_validity", "uid"]
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, keys)


@router.post(
    "/connections/{id}/rejected-mails/retry",
    status_code=202,
    summary="Retry rejected mails",
    response_model=SyncRunOut,
)
async def retry_rejected_mails(id: UUID, caller: Writer, uow: Uow) -> SyncRun:  # noqa: A002
    """Reads rejected mails again, after an upgrade that can read them. One that still cannot be
    read stays with its reason, and so does one of a folder that was restored since: dismiss it.
    """
    return await service.retry_rejected(uow, id)


@router.delete(
    "/connections/{connection_id}/rejected-mails/{uid_validity}/{uid}",
    status_code=204,
    summary="Dismiss a rejected mail",
)
async def dismiss_rejected_mail(
    connection_id: UUID,
    uid_validity: UidValidity,
    uid: Uid,
    caller: Writer,
    uow: Uow,
) -> None:
    """Takes a mail off the list: you looked at it in the mailbox, and it needs nothing else."""
    await service.dismiss_rejected(uow, connection_id, uid_validity, uid)
