"""The addresses that sequences send from."""

from datetime import date
from uuid import UUID

from pydantic import SecretStr

from sequencer.audit import audit
from sequencer.mail.mailboxes import queries
from sequencer.mail.mailboxes.queries import (
    mailboxes_by_id,
    mailboxes_of_members,
    mailboxes_page,
    pause,
)
from sequencer.mail.mailboxes.rows import Mailbox, MailboxChanges
from sequencer.mail.mailboxes.schemas import MailboxIn, MailboxPatch, MailboxTest, SmtpPatch
from sequencer.mail.mailboxes.smtp import Patience, Server, SmtpFailure, SmtpSession
from sequencer.mail.messages import service as messages
from sequencer.mail.send_windows.rules import local_day
from sequencer.settings import SequencerSettings
from shared.audit import attributes, difference
from shared.db import refuse
from shared.encryption import SecretBox
from shared.errors import Conflict, NotFound, invalid
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.service import Service
from shared.uow import UnitOfWork

__all__ = ["mailboxes_by_id", "mailboxes_of_members", "mailboxes_page", "pause"]

_RESUMED: MailboxChanges = {"state": "active", "pause_reason": None}
_AUDITED = (
    "member_id",
    "email",
    "display_name",
    "smtp_host",
    "smtp_port",
    "smtp_tls",
    "smtp_username",
    "daily_cap",
)


class MailboxNotFound(NotFound):
    code = "mailbox_not_found"
    title = "No such mailbox"


class MailboxTaken(Conflict):
    code = "mailbox_taken"
    title = "This address is a mailbox here already"


class MailboxInUse(Conflict):
    code = "mailbox_in_use"
    title = "A mail is being handed over from this mailbox"


async def get_mailbox(uow: UnitOfWork, mailbox_id: UUID) -> Mailbox:
    mailbox = await queries.mailbox_by_id(uow, mailbox_id)
    if mailbox is None:
        raise MailboxNotFound("There is no mailbox with this id.")
    return mailbox


async def create_mailbox(uow: UnitOfWork, secrets: SecretBox, data: MailboxIn) -> Mailbox:
    address = email_key(data.email)
    if address is None or not address.isascii():
        raise invalid("/email", "invalid_address", "This is no address that we can send from.")
    mailbox_id, password = new_id(), data.smtp.password
    async with refuse(
        "uq_mailboxes_workspace_id_address", MailboxTaken(f"{data.email} is set up already.")
    ):
        mailbox = await queries.insert_mailbox(
            uow,
            {
                "id": mailbox_id,
                "member_id": data.member_id,
                "email": data.email,
                "address": address,
                "display_name": data.display_name,
                "smtp_host": data.smtp.host,
                "smtp_port": data.smtp.port,
                "smtp_tls": data.smtp.tls,
                "smtp_username": data.smtp.username,
                "smtp_password": _sealed(uow, secrets, mailbox_id, password),
                "daily_cap": data.daily_cap,
            },
        )
    audit.record(uow, "mailbox.created", mailbox.id, after=attributes(mailbox, *_AUDITED))
    await messages.release_held(uow, "no_mailbox")
    return mailbox


async def update_mailbox(
    uow: UnitOfWork, secrets: SecretBox, mailbox: Mailbox, data: MailboxPatch
) -> Mailbox:
    """New settings of the server resume a mailbox that the server had refused."""
    changes: MailboxChanges = {}
    if data.display_name is not None:
        changes["display_name"] = data.display_name
    if data.daily_cap is not None:
        changes["daily_cap"] = data.daily_cap
    if "member_id" in data.model_fields_set:
        changes["member_id"] = data.member_id
    if data.smtp is not None:
        changes |= _server_changes(uow, secrets, mailbox, data.smtp) | _RESUMED
    edited = await queries.change_mailbox(uow, mailbox.id, changes)
    if data.smtp is not None:
        await messages.release_held(uow, "mailbox_refused", mailbox.id)
    was, becomes = difference(attributes(mailbox, *_AUDITED), attributes(edited, *_AUDITED))
    if "smtp_password" in changes:
        becomes["smtp_password"] = "set" if changes["smtp_password"] else None
    if becomes:
        audit.record(uow, "mailbox.updated", mailbox.id, before=was, after=becomes)
    await messages.release_held(uow, "no_mailbox")
    if "member_id" in changes:
        await messages.release_held(uow, "sender_inactive")
    return edited


def _server_changes(
    uow: UnitOfWork, secrets: SecretBox, mailbox: Mailbox, data: SmtpPatch
) -> MailboxChanges:
    changes: MailboxChanges = {}
    if data.host is not None:
        changes["smtp_host"] = data.host
    if data.port is not None:
        changes["smtp_port"] = data.port
    if data.tls is not None:
        changes["smtp_tls"] = data.tls
    if "username" in data.model_fields_set:
        changes["smtp_username"] = data.username
    if "password" in data.model_fields_set:
        changes["smtp_password"] = _sealed(uow, secrets, mailbox.id, data.password)
    return changes


async def resume_mailbox(uow: UnitOfWork, mailbox: Mailbox) -> Mailbox:
    resumed = await queries.change_mailbox(uow, mailbox.id, _RESUMED)
    await messages.release_held(uow, "mailbox_refused", mailbox.id)
    before = attributes(mailbox, "state", "pause_reason")
    audit.record_difference(uow, "mailbox.resumed", mailbox.id, before, resumed)
    return resumed


async def delete_mailbox(uow: UnitOfWork, mailbox: Mailbox) -> None:
    """Mails that were to leave by it look for another one when they are due."""
    if await messages.under_way_from(uow, mailbox.id):
        raise MailboxInUse("Wait a minute, then try again.", retry_after=60)
    await queries.delete_mailbox(uow, mailbox.id)
    audit.record(uow, "mailbox.deleted", mailbox.id, before=attributes(mailbox, *_AUDITED))


async def test_mailbox(service: Service, workspace_id: UUID, mailbox_id: UUID) -> MailboxTest:
    """Connect and log in, outside any transaction."""
    async with service.units.begin(workspace_id, (), read_only=True) as uow:
        mailbox = await get_mailbox(uow, mailbox_id)
        server = server_of(service.secrets, workspace_id, mailbox)
    try:
        async with await SmtpSession.open(server, service.outside.policy, Patience(10, 10, 10)):
            return MailboxTest(ok=True, stage=None, detail=None)
    except SmtpFailure as error:
        stage = "auth" if error.stage == "auth" else "connect"
        return MailboxTest(ok=False, stage=stage, detail=error.detail)


def server_of(secrets: SecretBox, workspace_id: UUID, mailbox: Mailbox) -> Server:
    sealed = mailbox.smtp_password
    return Server(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        tls=mailbox.smtp_tls,
        username=mailbox.smtp_username,
        password=secrets.open(sealed, *_binding(workspace_id, mailbox.id)) if sealed else None,
    )


def patience_of(settings: SequencerSettings) -> Patience:
    return Patience(
        settings.smtp_connect_seconds, settings.smtp_command_seconds, settings.smtp_final_seconds
    )


def _sealed(
    uow: UnitOfWork, secrets: SecretBox, mailbox_id: UUID, password: SecretStr | None
) -> bytes | None:
    if password is None:
        return None
    return secrets.seal(password.get_secret_value(), *_binding(uow.workspace_id, mailbox_id))


def _binding(workspace_id: UUID, mailbox_id: UUID) -> tuple[object, ...]:
    return workspace_id, "mailboxes", "smtp_password", mailbox_id


async def today(uow: UnitOfWork) -> date:
    """The day that caps are counted by: the workspace's."""
    return local_day(await uow.now(), await uow.zone())


async def spend(uow: UnitOfWork, mailbox_id: UUID, mails: int) -> None:
    """Under the lock of `mailboxes_by_id(hold=True)`."""
    await queries.spend(uow, mailbox_id, await today(uow), mails)


async def refund(uow: UnitOfWork, mailbox_id: UUID) -> None:
    """A hand-over that was certainly not made counts against nothing."""
    await queries.refund(uow, mailbox_id, await today(uow))
