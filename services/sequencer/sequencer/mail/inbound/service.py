"""Bounces, replies and automatic answers, matched to the mail they are about. Whatever quotes a
Message-ID of ours proves that this mail was handed over.
"""

from collections.abc import Sequence
from datetime import timedelta

from sequencer.mail.bounces import service as bounces
from sequencer.mail.inbound.rules import ANSWER_WINDOW, may_answer
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import Origin
from sequencer.mail.origins.service import kinds, origin_of
from sequencer.mail.sending import service as sending
from sequencer.replica import service as records
from shared.events.sequences import ContactReplied
from shared.events.sync import (
    AutoReplyReceived,
    BounceReceived,
    PersonalMailReceived,
    ReplyReceived,
)
from shared.logging import get_logger
from shared.mail.addresses import email_key, writers
from shared.uow import UnitOfWork

log = get_logger(__name__)

_BOUNCE_WINDOW = timedelta(days=30)
_REPLY_WINDOW = timedelta(days=180)
"""How long after a mail one that names no Message-ID may still be about it."""


async def take_bounce(uow: UnitOfWork, event: BounceReceived) -> None:
    recipient = email_key(event.recipient)
    about = [recipient] if recipient else []
    message = await _found(uow, [event.message_id], about, _BOUNCE_WINDOW)
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
    message = await _found(uow, event.references, _writers(event.sender), _REPLY_WINDOW)
    if message is None:
        return
    message = await sending.prove_sent(uow, message, "a reply quotes it")
    await _stop(uow, message, event)


async def take_personal_mail(uow: UnitOfWork, event: PersonalMailReceived) -> None:
    """It answers the last mail that we sent to who wrote it, from where it came to, if that was
    lately. Once an answer was told, what comes without a thread is no news.
    """
    written_by = _writers(event.sender)
    if not written_by or await records.is_member(uow, written_by):
        return
    came_to = {*event.recipients, email_key(event.mailbox) or ""}
    since = await uow.now() - ANSWER_WINDOW
    for message in await messages.lately_to(uow, written_by, since):
        origin = await origin_of(uow, message)
        answers_go_to = await _return_addresses(uow, message, origin)
        if (
            may_answer(
                message,
                received_at=event.received_at,
                came_to=came_to,
                answers_go_to=answers_go_to,
            )
            and origin.awaits_reply
            and not await origin.replies(uow)
        ):
            await _stop(uow, message, event)
            return


async def _return_addresses(uow: UnitOfWork, message: Message, origin: Origin) -> set[str]:
    reply_to = email_key((await origin.reply_routing(uow)).reply_to)
    return {address for address in (message.sender, reply_to) if address}


async def _stop(
    uow: UnitOfWork, message: Message, event: ReplyReceived | PersonalMailReceived
) -> None:
    """End whatever writes to the account. The same mail may come to several of our mailboxes."""
    origin = await origin_of(uow, message, lock=True)
    if event.message_id in await origin.replies(uow):
        return
    await origin.add_to_timeline(
        uow,
        "replied",
        subject=event.subject,
        internet_message_id=event.message_id,
    )
    uow.publish(await _replied(uow, message, origin, event))
    await origin.exit(uow, "replied")
    if origin.account_id is not None:
        for kind in kinds(uow):
            await kind.exit_all_of_account(uow, origin.account_id, "replied")


async def _replied(
    uow: UnitOfWork,
    message: Message,
    origin: Origin,
    event: ReplyReceived | PersonalMailReceived,
) -> ContactReplied:
    contact = (await records.contacts(uow, [message.contact_id])).get(message.contact_id)
    account_id = origin.account_id
    account = (await records.accounts(uow, [account_id])).get(account_id) if account_id else None
    return ContactReplied(
        **{**origin.event_fields, "contact_id": message.contact_id},
        account_name=account.name if account else None,
        contact_name=contact.name if contact else event.sender,
        subject=event.subject,
        notify_key_role=(await origin.reply_routing(uow)).notify_key_role,
        internet_message_id=event.message_id,
        received_at=event.received_at,
    )


async def take_auto_reply(uow: UnitOfWork, event: AutoReplyReceived) -> None:
    """Neither a bounce nor a reply: noted, and nothing changes."""
    message = await _found(uow, event.references, _writers(event.sender), _REPLY_WINDOW)
    if message is None:
        return
    message = await sending.prove_sent(uow, message, "an automatic answer quotes it")
    origin = await origin_of(uow, message, lock=True)
    await origin.add_to_timeline(uow, "auto_reply", subject=event.subject)


async def _found(
    uow: UnitOfWork,
    quoted: Sequence[str | None],
    addresses: Sequence[str],
    window: timedelta,
) -> Message | None:
    """By the Message-ID it quotes, else the last mail to whom it is from or about."""
    message = await messages.quoted(uow, quoted)
    if message is not None or not addresses:
        return message
    return await messages.last_to(uow, addresses, await uow.now() - window)


def _writers(sender: str) -> list[str]:
    address = email_key(sender)
    return writers(address) if address else []
