"""Bounces, replies and automatic answers, matched to the mail they are about. Whatever quotes a
Message-ID of ours proves that this mail was handed over.
"""

from collections.abc import Sequence
from datetime import timedelta

from sequencer.bounces import service as bounces
from sequencer.enrollments import service as enrollments
from sequencer.enrollments.planner import identity
from sequencer.messages import service as messages
from sequencer.messages.schemas import Message
from sequencer.records import service as records
from sequencer.sending import service as sending
from sequencer.sequences import service as sequences
from shared.email_addresses import email_key
from shared.events.sequences import ContactReplied
from shared.events.sync import AutoReplyReceived, BounceReceived, ReplyReceived
from shared.logging import get_logger
from shared.uow import UnitOfWork

log = get_logger(__name__)

_BOUNCE_WINDOW = timedelta(days=30)
_REPLY_WINDOW = timedelta(days=180)
"""How long after a mail one that names no Message-ID may still be about it."""
_OWNER = "csm"
"""Who hears of a reply when the version that says so cannot be read any more."""


async def take_bounce(uow: UnitOfWork, event: BounceReceived) -> None:
    message = await _found(uow, [event.message_id], event.recipient, _BOUNCE_WINDOW)
    if message is None:
        log.info("bounce of a mail that is not ours", kind=event.kind)
        return
    message = await sending.prove_sent(uow, message, "a delivery report quotes it")
    if message.state != "sent":
        return
    bounce = bounces.hard_bounce if event.kind == "hard" else bounces.soft_bounce
    await bounce(uow, message, status=event.status, diagnostic=event.diagnostic)


async def take_reply(uow: UnitOfWork, event: ReplyReceived) -> None:
    """A person answered: every sequence of the account stops, and its owner hears of it once."""
    message = await _found(uow, event.references, event.sender, _REPLY_WINDOW)
    if message is None:
        return
    message = await sending.prove_sent(uow, message, "a reply quotes it")
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    await enrollments.tell(uow, enrollment, "replied", subject=event.subject)
    uow.publish(await _replied(uow, message, event))
    stopping = {enrollment.id: enrollment}
    if enrollment.account_id is not None:
        others = await enrollments.open_of_account(uow, enrollment.account_id)
        stopping |= {other.id: other for other in others}
    going = [one for one in stopping.values() if one.state != "ended"]
    await enrollments.stop_each(uow, going, lambda one: enrollments.end(uow, one, "replied"))


async def _replied(uow: UnitOfWork, message: Message, event: ReplyReceived) -> ContactReplied:
    enrollment = await enrollments.get(uow, message.enrollment_id)
    pinned = await sequences.pinned(uow, [(enrollment.sequence_id, enrollment.sequence_version)])
    version = pinned.get((enrollment.sequence_id, enrollment.sequence_version))
    contact = (await records.contacts(uow, [message.contact_id])).get(message.contact_id)
    account_id = enrollment.account_id
    account = (await records.accounts(uow, [account_id])).get(account_id) if account_id else None
    return ContactReplied(
        **{**identity(enrollment), "contact_id": message.contact_id},
        account_name=account.name if account else None,
        contact_name=contact.name if contact else event.sender,
        subject=event.subject,
        notify_key_role=version.definition.notify_key_role if version else _OWNER,
    )


async def take_auto_reply(uow: UnitOfWork, event: AutoReplyReceived) -> None:
    """Neither a bounce nor a reply: noted, and nothing changes."""
    message = await _found(uow, event.references, event.sender, _REPLY_WINDOW)
    if message is None:
        return
    message = await sending.prove_sent(uow, message, "an automatic answer quotes it")
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    await enrollments.tell(uow, enrollment, "auto_reply", subject=event.subject)


async def _found(
    uow: UnitOfWork,
    quoted: Sequence[str | None],
    correspondent: str | None,
    window: timedelta,
) -> Message | None:
    """By the Message-ID it quotes, else the last mail to the address it is from or about."""
    message = await messages.quoted(uow, quoted)
    address = email_key(correspondent)
    if message is not None or address is None:
        return message
    return await messages.last_to(uow, address, await uow.now() - window)
