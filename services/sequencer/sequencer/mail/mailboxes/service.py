"""The addresses that sequences send from."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sequencer.audit import audit
from sequencer.mail.mailboxes import queries
from sequencer.mail.mailboxes.models import Mailbox
from sequencer.mail.mailboxes.schemas import MailboxIn, MailboxPatch, MailboxTest, SmtpPatch
from sequencer.mail.mailboxes.smtp import Patience, Server, SmtpFailure, SmtpSession, Tls
from sequencer.mail.messages import service as messages
from sequencer.mail.send_windows.rules import local_day
from sequencer.settings import SequencerSettings
from shared.audit import attributes, difference
from shared.clock import utc_now
from shared.db import refuse
from shared.encryption import SecretBox
from shared.errors import Conflict, NotFound, invalid
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.service import Service
from shared.uow import UnitOfWork

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
    found = await queries.mailbox_by_id(uow.session, uow.workspace_id, mailbox_id)
    if found is None:
        raise MailboxNotFound("There is no mailbox with this id.")
    return found


async def list_mailboxes(uow: UnitOfWork, *, after_id: UUID | None, limit: int) -> list[Mailbox]:
    return await queries.mailboxes_page(
        uow.session, uow.workspace_id, after_id=after_id, limit=limit
    )


async def create_mailbox(uow: UnitOfWork, secrets: SecretBox, data: MailboxIn) -> Mailbox:
    address = email_key(data.email)
    if address is None or not address.isascii():
        raise invalid("/email", "invalid_address", "This is no address that we can send from.")
    mailbox = Mailbox(
        workspace_id=uow.workspace_id,
        id=new_id(),
        member_id=data.member_id,
        email=data.email,
        address=address,
        display_name=data.display_name,
        smtp_host=data.smtp.host,
        smtp_port=data.smtp.port,
        smtp_tls=data.smtp.tls,
        smtp_username=data.smtp.username,
        daily_cap=data.daily_cap,
    )
    if data.smtp.password is not None:
        mailbox.smtp_password = _seal(secrets, mailbox, data.smtp.password.get_secret_value())
    uow.session.add(mailbox)
    async with refuse(
        "uq_mailboxes_workspace_id_address", MailboxTaken(f"{data.email} is set up already.")
    ):
        # The refusal must be ours, with the constraint's name still known.
        await uow.session.flush()
    await uow.session.refresh(mailbox)
    audit.record(uow, "mailbox.created", mailbox.id, after=attributes(mailbox, *_AUDITED))
    await messages.release_held(uow, "no_mailbox")
    return mailbox


async def edit_mailbox(
    uow: UnitOfWork, secrets: SecretBox, mailbox: Mailbox, data: MailboxPatch
) -> Mailbox:
    """New settings of the server resume a mailbox that the server had refused."""
    given = data.model_fields_set
    before = attributes(mailbox, *_AUDITED)
    for name in {"display_name", "daily_cap"} & given:
        if getattr(data, name) is not None:
            setattr(mailbox, name, getattr(data, name))
    if "member_id" in given:
        mailbox.member_id = data.member_id
    if data.smtp is not None:
        _edit_server(secrets, mailbox, data.smtp)
        await _resume(uow, mailbox)
    mailbox.version += 1
    mailbox.updated_at = utc_now()
    was, becomes = difference(before, attributes(mailbox, *_AUDITED))
    if data.smtp is not None and "password" in data.smtp.model_fields_set:
        becomes["smtp_password"] = "set" if data.smtp.password else None
    if becomes:
        audit.record(uow, "mailbox.updated", mailbox.id, before=was, after=becomes)
    await messages.release_held(uow, "no_mailbox")
    if "member_id" in given:
        await messages.release_held(uow, "sender_inactive")
    return mailbox


def _edit_server(secrets: SecretBox, mailbox: Mailbox, data: SmtpPatch) -> None:
    given = data.model_fields_set
    for name in {"host", "port", "tls"} & given:
        if getattr(data, name) is not None:
            setattr(mailbox, f"smtp_{name}", getattr(data, name))
    if "username" in given:
        mailbox.smtp_username = data.username
    if "password" in given:
        mailbox.smtp_password = (
            _seal(secrets, mailbox, data.password.get_secret_value()) if data.password else None
        )


async def resume_mailbox(uow: UnitOfWork, mailbox: Mailbox) -> Mailbox:
    before = attributes(mailbox, "state", "pause_reason")
    await _resume(uow, mailbox)
    audit.record_difference(uow, "mailbox.resumed", mailbox.id, before, mailbox)
    return mailbox


async def _resume(uow: UnitOfWork, mailbox: Mailbox) -> None:
    mailbox.state, mailbox.pause_reason = "active", None
    await messages.release_held(uow, "mailbox_refused", mailbox.id)


async def delete_mailbox(uow: UnitOfWork, mailbox: Mailbox) -> None:
    """Mails that were to leave by it look for another one when they are due."""
    if await messages.under_way_from(uow, mailbox.id):
        raise MailboxInUse("Wait a minute, then try again.", retry_after=60)
    await uow.session.delete(mailbox)
    audit.record(uow, "mailbox.deleted", mailbox.id, before=attributes(mailbox, *_AUDITED))


async def test_mailbox(service: Service, workspace_id: UUID, mailbox_id: UUID) -> MailboxTest:
    """Connect and log in, outside any transaction."""
    async with service.units.begin(workspace_id, (), read_only=True) as uow:
        server = server_of(service.secrets, await get_mailbox(uow, mailbox_id))
    try:
        async with await SmtpSession.open(server, service.outside.policy, Patience(10, 10, 10)):
            return MailboxTest(ok=True, stage=None, detail=None)
    except SmtpFailure as error:
        stage = "auth" if error.stage == "auth" else "connect"
        return MailboxTest(ok=False, stage=stage, detail=error.detail)


def server_of(secrets: SecretBox, mailbox: Mailbox) -> Server:
    sealed = mailbox.smtp_password
    tls: Tls = mailbox.smtp_tls  # type: ignore[assignment]  # a check constraint says so
    return Server(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        tls=tls,
        username=mailbox.smtp_username,
        password=secrets.open(sealed, *_binding(mailbox)) if sealed is not None else None,
    )


def patience_of(settings: SequencerSettings) -> Patience:
    return Patience(
        settings.smtp_connect_seconds, settings.smtp_command_seconds, settings.smtp_final_seconds
    )


def _seal(secrets: SecretBox, mailbox: Mailbox, password: str) -> bytes:
    return secrets.seal(password, *_binding(mailbox))


def _binding(mailbox: Mailbox) -> tuple[object, ...]:
    return mailbox.workspace_id, "mailboxes", "smtp_password", mailbox.id


async def by_id(
    uow: UnitOfWork, ids: Collection[UUID], *, hold: bool = False
) -> dict[UUID, Mailbox]:
    return await queries.mailboxes_by_id(uow.session, uow.workspace_id, ids, hold=hold)


async def of_members(uow: UnitOfWork, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    return await queries.mailboxes_of_members(uow.session, uow.workspace_id, member_ids)


async def today(uow: UnitOfWork) -> date:
    """The day that caps are counted by: the workspace's."""
    return local_day(await uow.now(), await uow.zone())


async def spend(uow: UnitOfWork, mailbox_id: UUID, mails: int) -> None:
    """Under the lock of `by_id(hold=True)`."""
    await queries.spend(uow.session, uow.workspace_id, mailbox_id, await today(uow), mails)


async def refund(uow: UnitOfWork, mailbox_id: UUID) -> None:
    """A hand-over that was certainly not made counts against nothing."""
    await queries.refund(uow.session, uow.workspace_id, mailbox_id, await today(uow))


async def pause(uow: UnitOfWork, mailbox_id: UUID, reason: str) -> bool:
    """False when it is paused already, so that its owner is told once."""
    return await queries.pause(uow.session, uow.workspace_id, mailbox_id, reason)
