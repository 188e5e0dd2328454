from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from sequencer.mail.mailboxes import service
from sequencer.mail.mailboxes.rows import Mailbox
from sequencer.mail.mailboxes.schemas import MailboxIn, MailboxOut, MailboxPatch, MailboxTest
from sequencer.replica.references import must_be_member
from shared.auth import Caller
from shared.errors import check_version
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/mailboxes", "Mailboxes")

Reader = Annotated[Caller, require("mailboxes:read")]
Writer = Annotated[Caller, require("mailboxes:write")]
MailboxId = Annotated[UUID, Path(alias="id", description="The id of the mailbox.")]


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
    """Mailboxes of members and shared ones, oldest first."""
    shape = ["mailboxes"]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.mailboxes_page(
        uow, after_id=UUID(after[0]) if after else None, limit=limit
    )
    page = page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])
    today = await service.today(uow)
    return {**page, "data": [_shown(row, today) for row in page["data"]]}


@router.post("", status_code=201, summary="Create a mailbox", response_model=MailboxOut)
async def create_mailbox(
    data: MailboxIn,
    caller: Writer,
    the_service: ServiceDep,
    begin: BeginUow,
) -> dict[str, Any]:
    """Adds an address that sequences send from. Its password is sealed at once and never shown."""
    await must_be_member(the_service, caller, data.member_id, "/member_id")
    uow = await begin()
    mailbox = await service.create_mailbox(uow, the_service.secrets, data)
    return _shown(mailbox, await service.today(uow))


@router.get("/{id}", summary="Get a mailbox", response_model=MailboxOut)
async def get_mailbox(mailbox_id: MailboxId, caller: Reader, uow: Uow) -> dict[str, Any]:
    """One mailbox, and how much of today's cap it has used."""
    mailbox = await service.get_mailbox(uow, mailbox_id)
    return _shown(mailbox, await service.today(uow))


@router.patch("/{id}", summary="Update a mailbox", response_model=MailboxOut)
async def update_mailbox(
    mailbox_id: MailboxId,
    data: MailboxPatch,
    caller: Writer,
    version: IfMatch,
    the_service: ServiceDep,
    begin: BeginUow,
) -> dict[str, Any]:
    """Changes a mailbox. New server settings also resume a mailbox that its server had refused."""
    await must_be_member(the_service, caller, data.member_id, "/member_id")
    uow = await begin()
    mailbox = await service.get_mailbox(uow, mailbox_id)
    check_version(version, mailbox.version)
    edited = await service.update_mailbox(uow, the_service.secrets, mailbox, data)
    return _shown(edited, await service.today(uow))


@router.delete("/{id}", status_code=204, summary="Delete a mailbox")
async def delete_mailbox(mailbox_id: MailboxId, caller: Writer, version: IfMatch, uow: Uow) -> None:
    """Mails that were to leave by it look for another mailbox when they are due. 409 while it hands
    a mail over: try again in a minute.
    """
    mailbox = await service.get_mailbox(uow, mailbox_id)
    check_version(version, mailbox.version)
    await service.delete_mailbox(uow, mailbox)


@router.post("/{id}/test", summary="Test a mailbox", response_model=MailboxTest)
async def test_mailbox(
    mailbox_id: MailboxId, caller: Writer, the_service: ServiceDep
) -> MailboxTest:
    """Connects to the server and logs in. Nothing is sent."""
    return await service.test_mailbox(the_service, caller.workspace_id, mailbox_id)


@router.post("/{id}/resume", summary="Resume a mailbox", response_model=MailboxOut)
async def resume_mailbox(mailbox_id: MailboxId, caller: Writer, uow: Uow) -> dict[str, Any]:
    """Takes a paused mailbox into use again; mails that waited for it are due again."""
    mailbox = await service.resume_mailbox(uow, await service.get_mailbox(uow, mailbox_id))
    return _shown(mailbox, await service.today(uow))
