"""T1: from the ledger to the wire. One transaction that either proves every law at this instant and
writes down the intent to send, or leaves the mail where it is.

Locks are taken in one order (opportunity, account, contact, enrollment, mailbox, message), none is
waited for, and everything is read again once all are held, with the time asked for last.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.mailboxes.models import Mailbox
from sequencer.mail.mailboxes.senders import Wanted, senders_of
from sequencer.mail.mailboxes.smtp import Server
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.rules import internet_message_id
from sequencer.mail.messages.schemas import Message
from sequencer.mail.sending import queries
from sequencer.mail.sending.holding import hold, hold_failed
from sequencer.mail.sending.rules import BadAddress, Letter, wire_form
from sequencer.mail.templates.rules import CannotRender, render, render_line
from sequencer.mail.templates.service import Sender, variables_of
from sequencer.mail.unsubscribe import service as unsubscribing
from sequencer.mail.unsubscribe.rules import Link
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Opportunity
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import Situation, situations_of
from sequencer.sequences.enrollments.rules import UNREACHABLE, UNWANTED, End, Pause, obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.planning.rules import local_day, next_move, next_opening, start_of_day
from sequencer.sequences.reevaluation_queue import service as agenda
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.versions import Pinned, window_of
from sequencer.settings import SequencerSettings
from shared.batches import each_at_its_own_risk
from shared.encryption import CannotDecrypt
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.mail.addresses import email_key
from shared.service import Service
from shared.uow import UnitOfWork

log = get_logger(__name__)

_UNWRITABLE = "No mail can be written of it: look for odd characters in its subject and its names."


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this worker, and for the time of its lease nobody else, may hand over."""

    workspace_id: UUID
    message: Message
    fence: int
    server: Server
    mailbox_id: UUID
    sender: str
    recipient: str
    raw: bytes
    zones: tuple[ZoneInfo, ...]
    """Where the expiration day begins first."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Rows that are locked for one mail."""

    message: Message
    situation: Situation
    mailbox: Mailbox | None
    absent: str | None
    """Why the member whose mailbox it would be sends nothing."""


async def claim(
    uow: UnitOfWork, service: Service, settings: SequencerSettings, limit: int
) -> tuple[list[Claimed], int]:
    """What may be handed over now, and how many mails were dealt with in another way."""
    # First the mails, then what they are about: to claim what another worker has just claimed would
    # take from under its hand-over the rows that it looks at once more before the final dot.
    ids = await queries.hold_due(uow.session, uow.workspace_id, await uow.now(), 2 * limit)
    claimed: list[Claimed] = []
    others = 0

    async def some(those: Sequence[UUID]) -> None:
        nonlocal others
        found, dealt_with = await _claim(uow, service, settings, those, limit - len(claimed))
        claimed.extend(found)
        others += dealt_with

    async def put_away(message_id: UUID, error: Exception) -> None:
        nonlocal others
        await hold_failed(uow, message_id, error)
        others += 1

    await each_at_its_own_risk(uow, ids, some, put_away)
    faultpoint("send.in_claim")
    return claimed, others


async def _claim(
    uow: UnitOfWork,
    service: Service,
    settings: SequencerSettings,
    ids: Sequence[UUID],
    limit: int,
) -> tuple[list[Claimed], int]:
    held = await _lock(uow, await messages.some(uow, ids))
    await uow.fresh_now()
    ready: list[tuple[_Held, dict[str, Any], bytes]] = []
    others = 0
    spent: Counter[UUID | str] = Counter()
    for one in held:
        if len(ready) == limit:
            break
        made = await _judge(uow, service, one, spent)
        if made is None:
            others += 1
        else:
            ready.append((one, *made))
            spent[made[0]["mailbox_id"]] += 1
            spent[made[0]["recipient"]] += 1
    claimed = await _write(uow, service, settings, ready)
    for mailbox_id in {one.mailbox_id for one in claimed}:
        await mailboxes.spend(uow, mailbox_id, spent[mailbox_id])
    return claimed, others


async def _lock(uow: UnitOfWork, candidates: Sequence[Message]) -> list[_Held]:
    opportunities = await records.opportunities(
        uow, {one.record_id for one in candidates}, lock="share"
    )
    account_ids = {one.account_id for one in opportunities.values() if one.account_id}
    accounts = await records.accounts(uow, account_ids, lock="share")
    # Held, not shared: two claims for one mailbox would each count its mails without the other's.
    contacts = await records.hold_mailboxes_of(uow, {one.contact_id for one in candidates})
    shared = await enrollments.share(uow, {one.enrollment_id for one in candidates})
    complete = [
        one
        for one in candidates
        if one.enrollment_id in shared
        and one.record_id in opportunities
        and one.contact_id in contacts
        and _has_account(opportunities[one.record_id].account_id, accounts)
    ]
    pinned = await sequences.pinned(
        uow, {(one.sequence_id, one.sequence_version) for one in shared.values()}
    )
    wanted = {
        one.id: _wanted(pinned, shared[one.enrollment_id], one, opportunities, accounts)
        for one in complete
    }
    senders = await senders_of(uow, wanted)
    box_of = {key: sender.mailbox_id for key, sender in senders.items() if sender.mailbox_id}
    boxes = await mailboxes.by_id(uow, set(box_of.values()), hold=True)
    ours = [one for one in complete if one.id not in box_of or box_of[one.id] in boxes]
    situations = await situations_of(uow, [shared[one.enrollment_id] for one in ours])
    return [
        _Held(
            message,
            situation,
            boxes[box_of[message.id]] if message.id in box_of else None,
            senders[message.id].absent,
        )
        for message, situation in zip(ours, situations, strict=True)
    ]


def _wanted(
    pinned: Mapping[tuple[UUID, int], Pinned],
    enrollment: Enrollment,
    message: Message,
    opportunities: Mapping[UUID, Opportunity],
    accounts: Mapping[UUID, Account],
) -> Wanted:
    version = sequences.one_of(pinned, enrollment.sequence_id, enrollment.sequence_version)
    definition = version.definition
    account_id = opportunities[message.record_id].account_id
    account = accounts.get(account_id) if account_id else None
    return Wanted.of(definition.sender.mailbox_id, definition.sender.key_role, account)


def _has_account(account_id: UUID | None, accounts: dict[UUID, Account]) -> bool:
    """An opportunity without an account is judged, and refused, like any other."""
    return account_id is None or account_id in accounts


async def _judge(
    uow: UnitOfWork, service: Service, one: _Held, spent: Counter[UUID | str]
) -> tuple[dict[str, Any], bytes] | None:
    """The claim to write, or None when the mail stays, for whatever the laws say."""
    now = await uow.now()
    message, situation, mailbox = one.message, one.situation, one.mailbox
    if await _is_stopped(uow, one, now):
        return None
    later = await _later(uow, one, now, spent)
    if later is not None:
        await messages.reschedule(uow, message.id, later)
        return None
    box_id = mailbox.id if mailbox else None
    if one.absent is not None:
        await hold(uow, message, "sender_inactive", one.absent, mailbox_id=box_id)
        return None
    if mailbox is None:
        await hold(uow, message, "no_mailbox", _without_mailbox(situation))
        return None
    if mailbox.state != "active":
        # Its owner has been told once, for the mail that was refused.
        detail = mailbox.paused_reason or ""
        await hold(uow, message, "mailbox_refused", detail, mailbox_id=box_id, tell=False)
        return None
    try:
        letter = await _letter(uow, service, one, mailbox, now)
        raw = wire_form(letter)
    except BadAddress as error:
        await hold(uow, message, "bad_address", str(error), mailbox_id=box_id)
        return None
    except CannotRender as error:
        await hold(uow, message, "cannot_render", str(error), mailbox_id=box_id)
        return None
    except ValueError as error:
        log.warning("no mail made", message_id=str(message.id), exc_info=error)
        await hold(uow, message, "cannot_render", _UNWRITABLE, mailbox_id=box_id)
        return None
    contact = situation.contact
    return {
        "id": message.id,
        "mailbox_id": mailbox.id,
        "sender": mailbox.address,
        "recipient": contact.address if contact else None,
        "subject": letter.subject,
        "internet_message_id": letter.message_id,
        "content_digest": hashlib.sha256(raw).hexdigest(),
    }, raw


def _without_mailbox(situation: Situation) -> str:
    role, account = situation.pinned.definition.sender.key_role, situation.account
    if role is None or account is None:
        return "The mailbox that the sequence names is gone."
    if not account.holders_of(role):
        return f"Nobody holds {role} at {account.name}: give the account a holder."
    return f"Who holds {role} at {account.name} has no mailbox here: set one up."


async def _is_stopped(uow: UnitOfWork, one: _Held, now: datetime) -> bool:
    message, situation = one.message, one.situation
    if situation.enrollment.state != "active":
        await messages.cancel(uow, message, f"enrollment_{situation.enrollment.state}")
        return True
    if situation.enrollment.contact_id != message.contact_id:
        await messages.cancel(uow, message, "contact_replaced")
        await agenda.look_again(uow, [message.record_id])
        return True
    found = obstacle(situation.standing, now)
    if found is None:
        return False
    if found == End("contract_expired"):
        await messages.end_unsent(uow, message, "expired", found.reason)
    elif found.reason in UNWANTED | UNREACHABLE:
        await messages.end_unsent(uow, message, "suppressed", found.reason)
    else:
        await messages.cancel(uow, message, found.reason)
    # What this means for the enrollment is decided there, by the same rule.
    await agenda.look_again(uow, [message.record_id])
    return isinstance(found, End | Pause)


async def _later(
    uow: UnitOfWork, one: _Held, now: datetime, spent: Counter[UUID | str]
) -> datetime | None:
    """When it may go instead; None: now. Overtaken by a later step, it is planned anew."""
    message, situation = one.message, one.situation
    plan = situation.plan
    if plan is None:
        return None
    handled = situation.progress.handled - {message.step_id}
    move = next_move(plan, handled, now, situation.progress.last_sent_at)
    if move.step_id != message.step_id or move.at is None:
        await agenda.look_again(uow, [message.record_id])
        return plan.expires_at
    if move.at > now:
        return move.at
    if await _is_capped(uow, one, now, spent):
        step = situation.pinned.step(message.step_id)
        definition = situation.pinned.definition
        country = situation.account.country if situation.account else None
        window = window_of(step.send_window or definition.send_window, country)
        tomorrow = start_of_day(
            local_day(now, situation.zones.wall) + timedelta(days=1), situation.zones.wall
        )
        return next_opening(window, situation.zones.wall, tomorrow) or plan.expires_at
    return None


async def _is_capped(
    uow: UnitOfWork, one: _Held, now: datetime, spent: Counter[UUID | str]
) -> bool:
    caps, mailbox = one.situation.pinned.definition.caps, one.mailbox
    if mailbox is not None:
        left = mailbox.left_on(await mailboxes.today(uow))
        if caps.mailbox_per_day is not None:
            left = min(left, caps.mailbox_per_day - (mailbox.daily_cap - left))
        if left - spent[mailbox.id] <= 0:
            return True
    zone = one.situation.zones.wall
    # Two contacts may be one mailbox, and who reads it counts mails and not our records.
    contact = one.situation.contact
    address = (contact.address if contact else None) or ""
    sent = await messages.sent_since(uow, address, start_of_day(local_day(now, zone), zone))
    return sent + spent[address] >= caps.contact_per_day


async def _letter(
    uow: UnitOfWork, service: Service, one: _Held, mailbox: Mailbox, now: datetime
) -> Letter:
    """Raises `CannotRender`."""
    message, situation = one.message, one.situation
    contact, account, opportunity = situation.contact, situation.account, situation.opportunity
    if contact is None or account is None or opportunity is None or contact.address is None:
        raise CannotRender("The record is incomplete.")
    url = unsubscribing.url_for(service, Link(uow.workspace_id, message.id))
    variables = variables_of(
        contact=contact,
        account=account,
        opportunity=opportunity,
        sender=Sender(mailbox.display_name, mailbox.email),
        workspace_name=await records.workspace_name(uow),
        unsubscribe_url=url,
    )
    step = situation.pinned.step(message.step_id)
    return Letter(
        message_id=message.internet_message_id
        or internet_message_id(uow.workspace_id, message.id, mailbox.address),
        sender_name=mailbox.display_name,
        sender=mailbox.address,
        recipient_name=contact.name,
        recipient=contact.address,
        reply_to=email_key(situation.pinned.definition.reply_to),
        subject=render_line(step.subject, variables),
        text=render(step.text, variables),
        html=render(step.html, variables, html=True) if step.html is not None else None,
        date=now,
        unsubscribe_url=url,
        answers=await messages.thread(uow, message.enrollment_id, contact.id),
    )


async def _write(
    uow: UnitOfWork,
    service: Service,
    settings: SequencerSettings,
    ready: Sequence[tuple[_Held, dict[str, Any], bytes]],
) -> list[Claimed]:
    if not ready:
        return []
    rows = [row for _, row, _ in ready]
    fences = await queries.claim(uow.session, uow.workspace_id, rows, settings.send_lease_seconds)
    claimed = []
    for one, row, raw in ready:
        mailbox = one.mailbox
        if one.message.id not in fences or mailbox is None:
            continue
        await queries.keep_content(uow.session, uow.workspace_id, one.message.id, raw)
        claimed.append(
            Claimed(
                workspace_id=uow.workspace_id,
                message=one.message,
                fence=fences[one.message.id],
                server=_server(service, mailbox),
                mailbox_id=mailbox.id,
                sender=row["sender"],
                recipient=row["recipient"],
                raw=raw,
                zones=one.situation.zones.all,
            )
        )
    return claimed


def _server(service: Service, mailbox: Mailbox) -> Server:
    try:
        return mailboxes.server_of(service.secrets, mailbox)
    except CannotDecrypt:
        # The server will refuse the log-in, which pauses the mailbox and tells its owner.
        return Server(mailbox.smtp_host, mailbox.smtp_port, "starttls", mailbox.smtp_username, "")
