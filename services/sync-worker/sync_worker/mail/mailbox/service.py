import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from shared.batches import isolate_failures
from shared.errors import NotFound
from shared.events.accounts import ContactChanged
from shared.events.base import Event
from shared.events.sync import (
    AutoReplyReceived,
    BounceReceived,
    PersonalMailReceived,
    ReplyReceived,
)
from shared.mail.addresses import email_key, writers
from shared.mail.message_ids import is_own
from shared.net.connection_errors import UNREACHABLE
from shared.net.egress import AddressRefused
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.connections import service as connections
from sync_worker.connections.service import Opened
from sync_worker.connectors import registry
from sync_worker.connectors.mail_base import Dialled, FolderState, MailFolder, RawMail
from sync_worker.mail.classification.classify import Finding, classified, concerns_us
from sync_worker.mail.classification.message import Mail
from sync_worker.mail.classification.prose import addresses_in
from sync_worker.mail.mailbox import queries
from sync_worker.mail.mailbox.queries import Place, RejectedMail, Seen
from sync_worker.runner.runs import service as runs
from sync_worker.runner.runs.service import SyncRun

HISTORY = 1_000
"""Mails before the first look, or before a folder was restored, that are gone through."""
_MOST_RECIPIENTS = 100


_GONE = "It is no longer in the folder."


class RejectedMailNotFound(NotFound):
    title = "There is no such rejected mail"


@dataclass(frozen=True)
class Taken:
    """What a handful of mails came to."""

    read: int
    told: int
    rejected: int


@dataclass(frozen=True)
class _Reading:
    fetched: RawMail
    mail: Mail
    finding: Finding


async def dialled(service: Service, connection: Opened) -> Dialled:
    """Where to dial. Raises `AddressRefused`; looked up anew at each session."""
    peer = registry.mail_connector(connection.system).spec.peer
    if peer is None:
        raise AddressRefused(UNREACHABLE)
    settings = connection.settings
    host, port = settings[peer.host], settings[peer.port]
    encrypted = settings[peer.security] == "tls"
    address = await service.outside.policy.checked_peer(
        host, port, encrypted=encrypted, ports=peer.ports
    )
    return Dialled(host, port, address, encrypted)


def opened(connection: Opened, to: Dialled) -> AbstractContextManager[MailFolder]:
    """A session with the folder, blocking. Raises `SystemTrouble`."""
    connector = registry.mail_connector(connection.system)
    return connector.opened(to, connection.settings, connection.secrets)


async def place_in(uow: UnitOfWork, connection: Opened, state: FolderState) -> Place:
    """Where to go on. A folder that is new to us, or whose numbers are void, is begun with its
    last mails; those that had their effect before are recognised.
    """
    known = await queries.place(uow, connection.id)
    folder = connection.settings["folder"]
    if known is not None and (known.folder, known.uid_validity) == (folder, state.uid_validity):
        return known
    first = max(state.next_uid - HISTORY, 1)
    await queries.begin_folder(
        uow,
        connection.id,
        folder=folder,
        uid_validity=state.uid_validity,
        next_uid=first,
        server_next_uid=state.next_uid,
    )
    return Place(folder, state.uid_validity, first, state.next_uid)


async def take_mails(
    uow: UnitOfWork,
    connection: Opened,
    place: Place,
    state: FolderState,
    mails: Sequence[RawMail],
) -> Taken:
    """Let each mail have its effect, once: the event, the mark and the place are one transaction.

    Mail that concerns nobody here is counted and otherwise forgotten. One that nobody can make
    sense of is kept apart with the reason, and the next are read.
    """

    async def take(some: Sequence[RawMail]) -> Counter[str]:
        readings = await asyncio.to_thread(_read, uow.workspace_id, some)
        return await _take(uow, connection, place, readings)

    async def reject(fetched: RawMail, _: Exception) -> None:
        await queries.reject_mail(
            uow,
            connection.id,
            uid_validity=state.uid_validity,
            uid=fetched.uid,
            arrived_at=fetched.arrived_at,
            reason="It could not be taken apart. Look at it in the mailbox.",
        )

    where = uow, connection.id
    await queries.forget_rejected(*where, place.uid_validity, [fetched.uid for fetched in mails])
    counts = sum(await isolate_failures(uow, mails, take, reject), Counter[str]())
    read = counts.pop("read", 0)
    await queries.move_on(
        uow,
        connection.id,
        uid_validity=state.uid_validity,
        next_uid=max(fetched.uid for fetched in mails) + 1,
        server_next_uid=state.next_uid,
        counts=counts,
    )
    return Taken(len(mails), counts.total() - counts["other"], len(mails) - read)


def _read(workspace_id: UUID, mails: Sequence[RawMail]) -> list[_Reading]:
    parsed = [(fetched, Mail.parse(fetched.raw)) for fetched in mails]
    return [_Reading(fetched, mail, classified(workspace_id, mail)) for fetched, mail in parsed]


async def _take(
    uow: UnitOfWork, connection: Opened, place: Place, readings: Sequence[_Reading]
) -> Counter[str]:
    """How many were read, and how many of those that are new were of each kind."""
    known = await _known_correspondents(uow, readings)
    fresh = await queries.see_mails(
        uow,
        connection.id,
        place.uid_validity,
        [
            Seen(one.fetched.uid, one.mail.fingerprint, one.finding.kind, one.mail.message_id)
            for one in readings
        ],
    )
    mailbox = email_key(connection.settings["mailbox"])
    counts = Counter(read=len(readings))
    for one in readings:
        uid, mail, finding = one.fetched.uid, one.mail, one.finding
        if uid not in fresh:
            continue
        is_history = uid < place.history_until_uid
        if concerns_us(
            uow.workspace_id, mail, finding, known, mailbox=mailbox, is_history=is_history
        ):
            uow.publish(_event(connection, one.fetched, mail, finding))
            counts[finding.kind] += 1
        else:
            counts["other"] += 1
    return counts


async def _known_correspondents(uow: UnitOfWork, readings: Sequence[_Reading]) -> set[str]:
    reports = [one.finding.report for one in readings]
    addresses = {address for one in readings for address in writers(one.mail.sender)}
    addresses |= {report.recipient for report in reports if report and report.recipient}
    return await queries.known_addresses(uow, sorted(addresses))


async def list_rejected(
    uow: UnitOfWork, connection_id: UUID, after: tuple[int, int], limit: int
) -> list[RejectedMail]:
    await connections.get_connection(uow, connection_id)
    return await queries.rejected_page(uow, connection_id, after, limit)


async def retry_rejected(uow: UnitOfWork, connection_id: UUID) -> SyncRun:
    """Read them again, at once."""
    run = await runs.request_run(uow, connection_id, "incremental")
    await queries.ask_again(uow, connection_id)
    return run


async def dismiss_rejected(
    uow: UnitOfWork, connection_id: UUID, uid_validity: int, uid: int
) -> None:
    """A person has looked at it in the mailbox. Raises `RejectedMailNotFound`."""
    connection = await connections.get_connection(uow, connection_id)
    where = uow, connection.id
    if not await queries.forget_rejected(*where, uid_validity, [uid]):
        raise RejectedMailNotFound("It was read meanwhile, or never was rejected.")
    named = {"uid_validity": uid_validity, "uid": uid}
    audit.record(uow, "connection.rejected_mail_dismissed", connection.id, before=named)


async def asked_again(uow: UnitOfWork, connection: Opened, place: Place) -> list[int]:
    return await queries.asked_again(uow, connection.id, place.uid_validity)


async def not_there(uow: UnitOfWork, connection: Opened, place: Place, uids: Sequence[int]) -> None:
    """Of the rejected mails that a person wants read again only `uids` were still in the folder."""
    await queries.not_there(uow, connection.id, place.uid_validity, uids, _GONE)


async def remark(uow: UnitOfWork, connection_id: UUID) -> str | None:
    """What a person should know of a mailbox that is read well."""
    rejected = await queries.count_rejected(uow, connection_id)
    if not rejected:
        return None
    path = f"/v1/connections/{connection_id}/rejected-mails"
    return f"Mails of the last week that could not be read: {rejected}. See GET {path}."


def _event(connection: Opened, fetched: RawMail, mail: Mail, finding: Finding) -> Event:
    mailbox = connection.settings["mailbox"]
    if finding.kind == "bounce" and finding.report is not None:
        return BounceReceived(
            connection_id=connection.id,
            mailbox=mailbox,
            message_id=_proof(connection.workspace_id, finding.quoted),
            recipient=finding.report.recipient,
            kind=finding.report.kind,
            status=finding.report.status,
            diagnostic=finding.report.diagnostic,
            received_at=fetched.arrived_at,
        )
    told = {
        "connection_id": connection.id,
        "mailbox": mailbox,
        "message_id": mail.message_id or f"<{mail.fingerprint.hex()}@no-message-id.invalid>",
        "sender": mail.sender,
        "subject": mail.subject,
        "received_at": fetched.arrived_at,
    }
    if finding.kind == "personal":
        named = addresses_in(f"{mail.header('To')} {mail.header('Cc')}")
        recipients = list(dict.fromkeys(named))[:_MOST_RECIPIENTS]
        return PersonalMailReceived(recipients=recipients, **told)
    made = ReplyReceived if finding.kind == "reply" else AutoReplyReceived
    return made(references=list(finding.quoted), **told)


def _proof(workspace_id: UUID, quoted: Sequence[str]) -> str | None:
    """Of what a report quotes the mail of ours, if it quotes any."""
    return next((one for one in quoted if is_own(workspace_id, one)), next(iter(quoted), None))


async def keep_address(uow: UnitOfWork, event: ContactChanged) -> None:
    gone = event.change in {"deleted", "merged"}
    address = None if gone else email_key(event.record.email)
    await queries.keep_address(uow, event.id, address, event.revision)


async def backlog(uow: UnitOfWork) -> int:
    return await queries.backlog(uow)


async def forget_old(service: Service) -> bool:
    async with service.units.across_workspaces() as scope:
        return await queries.forget_old_mails(scope)


async def check(service: Service, connection: Opened) -> FolderState:
    """Log in and look at the folder. Raises `AddressRefused` or `SystemTrouble`."""
    to = await dialled(service, connection)

    def look() -> FolderState:
        with opened(connection, to) as folder:
            return folder.state

    return await asyncio.to_thread(look)
