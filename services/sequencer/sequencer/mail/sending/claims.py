"""From the ledger to the wire. One transaction that either proves every send condition at this
instant and writes down the intent to send, or leaves the mail where it is.

Locks are taken in one order (opportunity, account, contact, enrollment, mailbox, message), none is
waited for, and everything is read again once all are held, with the time asked for last.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.current_values.rules import CurrentValues, Wanted, wanted_by, with_current
from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.mailboxes.rows import Mailbox
from sequencer.mail.mailboxes.senders import SenderChoice, senders_of
from sequencer.mail.mailboxes.smtp import Server
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.rules import internet_message_id
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import LockedMails, SendConditions
from sequencer.mail.origins.service import kind_of
from sequencer.mail.send_windows.rules import expiry, local_day, next_opening, start_of_day
from sequencer.mail.sending import queries
from sequencer.mail.sending.holding import hold, hold_failed
from sequencer.mail.sending.rules import BadAddress, OutgoingMail, wire_form
from sequencer.mail.templates.rules import CannotRender, render, render_line
from sequencer.mail.templates.service import SenderIdentity, mail_variables
from sequencer.mail.unsubscribe import service as unsubscribing
from sequencer.mail.unsubscribe.rules import Link
from sequencer.replica import service as records
from sequencer.settings import SequencerSettings
from shared.batches import isolate_failures
from shared.encryption import CannotDecrypt
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.mail.addresses import email_key
from shared.service import Service
from shared.uow import UnitOfWork

log = get_logger(__name__)

_UNWRITABLE = "No mail can be written of it: look for odd characters in its subject and its names."


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A mail that this worker, and for the time of its lease nobody else, may hand over."""

    workspace_id: UUID
    message: Message
    cause: tuple[Cause, ...]
    fence: int
    server: Server
    mailbox_id: UUID
    sender: str
    recipient: str
    raw: bytes
    zones: tuple[ZoneInfo, ...]
    """Where the day of the deadline begins first."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A mail whose rows are all locked."""

    message: Message
    conditions: SendConditions
    choice: SenderChoice
    mailbox: Mailbox | None
    absent: str | None
    """Why the member whose mailbox it would be sends nothing."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A mail that meets every condition, as it goes out."""

    candidate: _Candidate
    mailbox: Mailbox
    mail: OutgoingMail
    raw: bytes

    @property
    def claim(self) -> queries.NewClaim:
        return queries.NewClaim(
            id=self.candidate.message.id,
            mailbox_id=self.mailbox.id,
            sender=self.mail.sender,
            recipient=self.mail.recipient,
            subject=self.mail.subject,
            internet_message_id=self.mail.message_id,
            content_digest=hashlib.sha256(self.raw).hexdigest(),
        )


@dataclass
class Taken:
    """What became of some due mails."""

    claimed: list[ClaimedDelivery] = field(default_factory=list)
    others: int = 0
    """Were dealt with in another way, or wait for what is wanted."""
    wanted: set[Wanted] = field(default_factory=set)
    """Values that must be asked for before these mails are claimed."""


@dataclass
class _Turn:
    """One look at some mails: what is known for it, and what it has spent and wants."""

    values: CurrentValues
    moving: frozenset[str] | None
    taken: Taken
    spent: Counter[UUID | str] = field(default_factory=Counter)


async def claim(
    uow: UnitOfWork,
    service: Service,
    settings: SequencerSettings,
    limit: int,
    values: CurrentValues,
) -> Taken:
    """Claim what may be handed over now. A mail that names values of today is claimed with them
    among `values`, and waits when they were asked for in vain.
    """
    # First the mails, then what they are about: to claim what another worker has just claimed would
    # take from under its hand-over the rows that it looks at once more before the final dot.
    ids = await queries.hold_due(uow, 2 * limit)
    taken = Taken()

    async def some(those: Sequence[UUID]) -> None:
        left = limit - len(taken.claimed)
        found = await _claim(uow, service, settings, those, left, values)
        taken.claimed += found.claimed
        taken.others += found.others
        taken.wanted |= found.wanted

    async def put_away(message_id: UUID, error: Exception) -> None:
        await hold_failed(uow, message_id, error)
        taken.others += 1

    await isolate_failures(uow, ids, some, put_away)
    faultpoint("send.in_claim")
    return taken


async def _claim(
    uow: UnitOfWork,
    service: Service,
    settings: SequencerSettings,
    ids: Sequence[UUID],
    limit: int,
    values: CurrentValues,
) -> Taken:
    candidates = await _lock(uow, await messages.messages_by_id(uow, ids))
    now = await uow.fresh_now()
    known = values.on_day_of(now, await uow.zone())
    turn = _Turn(known, await records.moving_fields(uow), Taken())
    ready: list[_Ready] = []
    for candidate in candidates:
        if len(ready) == limit:
            break
        prepared = await _prepare(uow, service, candidate, turn)
        if prepared is None:
            turn.taken.others += 1
        else:
            ready.append(prepared)
            turn.spent[prepared.mailbox.id] += 1
            turn.spent[prepared.mail.recipient] += 1
    turn.taken.claimed = await _write(uow, service, settings, ready)
    for mailbox_id in {each.mailbox_id for each in turn.taken.claimed}:
        await mailboxes.spend(uow, mailbox_id, turn.spent[mailbox_id])
    return turn.taken


async def _lock(uow: UnitOfWork, due: Sequence[Message]) -> list[_Candidate]:
    """In the order given."""
    locked: list[LockedMails] = []
    choices: dict[UUID, SenderChoice] = {}
    for kind in dict.fromkeys(kind_of(uow, message) for message in due):
        # Held, not shared: two claims for one address would each count its mails without the
        # other's.
        mails = [message for message in due if kind_of(uow, message) is kind]
        locked.append(await kind.lock(uow, mails, contacts="hold"))
        choices |= await locked[-1].senders(uow)
    senders = await senders_of(uow, choices)
    box_of = {key: sender.mailbox_id for key, sender in senders.items() if sender.mailbox_id}
    boxes = await mailboxes.mailboxes_by_id(uow, set(box_of.values()), hold=True)
    # Two claims for one mailbox would do the same: what another one holds is left to it.
    ours = [key for key in choices if key not in box_of or box_of[key] in boxes]
    conditions = await _conditions(uow, locked, ours)
    return [
        _Candidate(
            message,
            conditions[message.id],
            choices[message.id],
            boxes[box_of[message.id]] if message.id in box_of else None,
            senders[message.id].absent,
        )
        for message in due
        if message.id in conditions
    ]


async def _conditions(
    uow: UnitOfWork, locked: Sequence[LockedMails], ids: Sequence[UUID]
) -> Mapping[UUID, SendConditions]:
    conditions: dict[UUID, SendConditions] = {}
    for mails in locked:
        conditions |= await mails.conditions(uow, [each for each in ids if each in mails.ids])
    return conditions


async def _prepare(
    uow: UnitOfWork, service: Service, candidate: _Candidate, turn: _Turn
) -> _Ready | None:
    """The mail to claim, or None when it stays, for whatever reason."""
    now = await uow.now()
    message, mailbox = candidate.message, candidate.mailbox
    if await _is_refused(uow, candidate, now):
        return None
    later = await _later(uow, candidate, now, turn.spent)
    if later is not None:
        await messages.reschedule(uow, message.id, later)
        return None
    box_id = mailbox.id if mailbox else None
    if candidate.absent is not None:
        await hold(uow, message, "sender_inactive", candidate.absent, mailbox_id=box_id)
        return None
    if mailbox is None:
        await hold(uow, message, "no_mailbox", candidate.choice.advice_without_mailbox)
        return None
    if mailbox.state != "active":
        # Its owner was notified once, of the mail that was refused.
        detail = mailbox.pause_reason or ""
        await hold(uow, message, "mailbox_refused", detail, mailbox_id=box_id, notify=False)
        return None
    wanted = wanted_by(
        candidate.conditions.content.templates, candidate.conditions.records, turn.moving
    )
    if not_asked := turn.values.not_asked(wanted):
        turn.taken.wanted |= not_asked
        return None
    if (lacking := turn.values.why_not(wanted)) is not None:
        await messages.wait_for_accounts(uow, message.id, lacking)
        return None
    try:
        mail = await _compose(uow, service, candidate, mailbox, now, wanted, turn.values)
        return _Ready(candidate, mailbox, mail, wire_form(mail))
    except BadAddress as error:
        await hold(uow, message, "bad_address", str(error), mailbox_id=box_id)
    except CannotRender as error:
        await hold(uow, message, "cannot_render", str(error), mailbox_id=box_id)
    except ValueError as error:
        log.warning("mail cannot be written", message_id=str(message.id), exc_info=error)
        await hold(uow, message, "cannot_render", _UNWRITABLE, mailbox_id=box_id)
    return None


async def _is_refused(uow: UnitOfWork, candidate: _Candidate, now: datetime) -> bool:
    refusal = candidate.conditions.refusal(now)
    if refusal is None:
        return False
    message = candidate.message
    if refusal.state == "cancelled":
        await messages.cancel(uow, message, refusal.reason)
    else:
        await messages.end_unsent(uow, message, refusal.state, refusal.reason)
    if refusal.reevaluate:
        await kind_of(uow, message).reevaluate(uow, message)
    return True


async def _later(
    uow: UnitOfWork, candidate: _Candidate, now: datetime, spent: Counter[UUID | str]
) -> datetime | None:
    """When it may go instead; None: now."""
    message, conditions = candidate.message, candidate.conditions
    postponement = conditions.postponement(now)
    if postponement is not None:
        if postponement.reevaluate:
            await kind_of(uow, message).reevaluate(uow, message)
        return postponement.until
    if await _is_capped(uow, candidate, now, spent):
        zones, deadline = conditions.zones, conditions.deadline
        tomorrow = start_of_day(local_day(now, zones.wall) + timedelta(days=1), zones.wall)
        opening = next_opening(conditions.window, zones.wall, tomorrow)
        return opening or (expiry(deadline, zones.all) if deadline else tomorrow)
    return None


async def _is_capped(
    uow: UnitOfWork, candidate: _Candidate, now: datetime, spent: Counter[UUID | str]
) -> bool:
    caps, mailbox = candidate.conditions.caps, candidate.mailbox
    if mailbox is not None:
        left = mailbox.left_on(await mailboxes.today(uow))
        if caps.mailbox_per_day is not None:
            left = min(left, caps.mailbox_per_day - (mailbox.daily_cap - left))
        if left - spent[mailbox.id] <= 0:
            return True
    zone = candidate.conditions.zones.wall
    # Two contacts may be one mailbox, and who reads it counts mails and not our records.
    contact = candidate.conditions.contact
    address = (contact.address if contact else None) or ""
    sent = await messages.sent_since(uow, address, start_of_day(local_day(now, zone), zone))
    return sent + spent[address] >= caps.contact_per_day


async def _compose(
    uow: UnitOfWork,
    service: Service,
    candidate: _Candidate,
    mailbox: Mailbox,
    now: datetime,
    wanted: Collection[Wanted],
    values: CurrentValues,
) -> OutgoingMail:
    """Raises `CannotRender`."""
    message, conditions = candidate.message, candidate.conditions
    contact, about = conditions.contact, conditions.variables
    if contact is None or contact.address is None or about is None:
        raise CannotRender("The record is incomplete.")
    url = unsubscribing.url_for(service, Link(uow.workspace_id, message.id))
    variables = mail_variables(
        with_current(about, wanted, values),
        sender=SenderIdentity(mailbox.display_name, mailbox.email),
        workspace_name=await records.workspace_name(uow),
        unsubscribe_url=url,
    )
    content = conditions.content
    return OutgoingMail(
        message_id=message.internet_message_id
        or internet_message_id(uow.workspace_id, message.id, mailbox.address),
        sender_name=mailbox.display_name,
        sender=mailbox.address,
        recipient_name=contact.name,
        recipient=contact.address,
        reply_to=email_key(content.reply_to),
        subject=render_line(content.subject, variables),
        text=render(content.text, variables),
        html=render(content.html, variables, html=True) if content.html is not None else None,
        date=now,
        unsubscribe_url=url,
        answers=await messages.thread(uow, message.enrollment_id, contact.id),
    )


async def _write(
    uow: UnitOfWork, service: Service, settings: SequencerSettings, ready: Sequence[_Ready]
) -> list[ClaimedDelivery]:
    if not ready:
        return []
    fences = await queries.claim(
        uow,
        [each.claim for each in ready],
        settings.send_lease_seconds,
    )
    claimed = []
    for each in ready:
        message = each.candidate.message
        if message.id not in fences:
            continue
        await queries.keep_content(uow, message.id, each.raw)
        claimed.append(
            ClaimedDelivery(
                workspace_id=uow.workspace_id,
                message=message,
                cause=kind_of(uow, message).cause_of(message),
                fence=fences[message.id],
                server=_server(uow, service, each.mailbox),
                mailbox_id=each.mailbox.id,
                sender=each.mail.sender,
                recipient=each.mail.recipient,
                raw=each.raw,
                zones=each.candidate.conditions.zones.all,
            )
        )
    return claimed


def _server(uow: UnitOfWork, service: Service, mailbox: Mailbox) -> Server:
    try:
        return mailboxes.server_of(service.secrets, uow.workspace_id, mailbox)
    except CannotDecrypt:
        # The server will refuse the log-in, which pauses the mailbox and notifies its owner.
        return Server(mailbox.smtp_host, mailbox.smtp_port, "starttls", mailbox.smtp_username, "")
