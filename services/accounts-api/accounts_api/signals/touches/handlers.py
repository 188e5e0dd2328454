from accounts_api.signals.touches import service
from shared.events.sequences import ContactReplied, MessageSent
from shared.events.sync import PersonalMailReceived, ReplyReceived
from shared.events.tasks import NoteTouched
from shared.uow import UnitOfWork


async def on_message_sent(uow: UnitOfWork, event: MessageSent) -> None:
    await service.add_mail(
        uow,
        "outbound",
        event.internet_message_id,
        event.sent_at,
        account_id=event.account_id,
        contact_id=event.contact_id,
    )


async def on_contact_replied(uow: UnitOfWork, event: ContactReplied) -> None:
    """Whoever wrote it answers what was sent to this contact."""
    if event.internet_message_id is not None and event.received_at is not None:
        await service.add_mail(
            uow,
            "inbound",
            event.internet_message_id,
            event.received_at,
            account_id=event.account_id,
            contact_id=event.contact_id,
        )


async def on_mail_received(uow: UnitOfWork, event: ReplyReceived | PersonalMailReceived) -> None:
    await service.add_mail_from(uow, event.sender, event.message_id, event.received_at)


async def on_note_touched(uow: UnitOfWork, event: NoteTouched) -> None:
    await service.set_note(
        uow,
        event.note_id,
        event.kinds,
        event.at,
        account_id=event.account_id,
        contact_id=event.contact_id,
    )
