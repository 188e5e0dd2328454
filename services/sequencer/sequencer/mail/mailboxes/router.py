from datetime import date
from typing import Annotated, Any
from uuid import UUID

from starlette.responses import Response

from sequencer.mail.mailboxes import service
from sequencer.mail.mailboxes.rows import Mailbox
from sequencer.mail.mailboxes.schemas import MailboxIn, MailboxOut, MailboxPatch, MailboxTest
from sequencer.replica.references import must_be_member
from shared.auth import Caller
from shared.errors import check_version
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch, etag

router = api_router("/v1/mailboxes", "Mailboxes")

Reader = Annotated[Caller, require("mailboxes:read")]
Writer = Annotated[Caller, require("mailboxes:write")]


def _shown(mailbox: Mailbox, today: date) -> dict[str, Any]:
    """Never the password."""
    return {
        "id": mailbox.id,
        "version": mailbox.version,
        "member_id": mailbox.member_id,
        "email": mailbox.email,
        "display_name": mailbox.display_name,
        "smtp": {
            "host": mailbox.smtp_host,
            "port": mailbox.smtp_port,
            "tls": mailbox.smtp_tls,
            "username": mailbox.smtp_username,
            "has_password": mailbox.smtp_password is not None,
        },
        "daily_cap": mailbox.daily_cap,
        "state": mailbox.state,
        "pause_reason": mailbox.pause_reason,
        "sent_today": mailbox.daily_cap - mailbox.left_on(today),
        "created_at": mailbox.created_at,
    }


@router.get("", summary="List mailboxes", response_model=Page[MailboxOut])
async def list_mailboxes(
    caller: Reader, uow: Uow, the_service: ServiceDep, limit: Limit = 50, cursor: CursorParam = None
) -> dict[str, Any]:
    shape = ["mailboxes"]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.mailboxes_page(
        uow, after_id=UUID(after[0]) if after else None, limit=limit
    )
    page = page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])
    today = await service.today(uow)
    return {**page, "data": [_shown(row, today) for row in page["data"]]}


@router.post("", status_code=201, summary="Set up a mailbox", response_model=MailboxOut)
async def create_mailbox(
    data: MailboxIn,
    caller: Writer,
    the_service: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> dict[str, Any]:
    """The password is sealed at once and never shown again."""
    await must_be_member(the_service, caller, data.member_id, "/member_id")
    uow = await begin()
    mailbox = await service.create_mailbox(uow, the_service.secrets, data)
    response.headers["etag"] = etag(mailbox.version)
    return _shown(mailbox, await service.today(uow))


@router.get("/{mailbox_id}", summary="Get a mailbox", response_model=MailboxOut)
async def get_mailbox(
    mailbox_id: UUID, caller: Reader, uow: Uow, response: Response
) -> dict[str, Any]:
    mailbox = await service.get_mailbox(uow, mailbox_id)
    response.headers["etag"] = etag(mailbox.version)
    return _shown(mailbox, await service.today(uow))


@router.patch("/{mailbox_id}", summary="Edit a mailbox", response_model=MailboxOut)
async def edit_mailbox(
    mailbox_id: UUID,
    data: MailboxPatch,
    caller: Writer,
    version: IfMatch,
    the_service: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> dict[str, Any]:
    """New server settings also resume a mailbox that its server had refused."""
    await must_be_member(the_service, caller, data.member_id, "/member_id")
    uow = await begin()
    mailbox = await service.get_mailbox(uow, mailbox_id)
    check_version(version, mailbox.version)
    edited = await service.edit_mailbox(uow, the_service.secrets, mailbox, data)
    response.headers["etag"] = etag(edited.version)
    return _shown(edited, await service.today(uow))


@router.delete("/{mailbox_id}", status_code=204, summary="Remove a mailbox")
async def delete_mailbox(mailbox_id: UUID, caller: Writer, version: IfMatch, uow: Uow) -> None:
    mailbox = await service.get_mailbox(uow, mailbox_id)
    check_version(version, mailbox.version)
    await service.delete_mailbox(uow, mailbox)


@router.post("/{mailbox_id}/test", summary="Log in to a mailbox", response_model=MailboxTest)
async def test_mailbox(mailbox_id: UUID, caller: Writer, the_service: ServiceDep) -> MailboxTest:
    """Connects to the server and logs in. Nothing is sent."""
    return await service.test_mailbox(the_service, caller.workspace_id, mailbox_id)


@router.post("/{mailbox_id}/resume", summary="Resume a paused mailbox", response_model=MailboxOut)
async def resume_mailbox(mailbox_id: UUID, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Mails that waited for it are due again."""
    mailbox = await service.resume_mailbox(uow, await service.get_mailbox(uow, mailbox_id))
    return _shown(mailbox, await service.today(uow))
