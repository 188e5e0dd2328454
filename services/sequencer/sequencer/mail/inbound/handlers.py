"""Mail that came back, as the sync worker read it."""

from sequencer.mail.inbound import service
from shared.events.sync import (
    AutoReplyReceived,
    BounceReceived,
    PersonalMailReceived,
    ReplyReceived,
)
from shared.uow import UnitOfWork


async def on_bounce_received(uow: UnitOfWork, event: BounceReceived) -> None:
    await service.take_bounce(uow, event)


async def on_reply_received(uow: UnitOfWork, event: ReplyReceived) -> None:
    await service.take_reply(uow, event)


async def on_personal_mail_received(uow: UnitOfWork, event: PersonalMailReceived) -> None:
    await service.take_personal_mail(uow, event)


async def on_auto_reply_received(uow: UnitOfWork, event: AutoReplyReceived) -> None:
    await service.take_auto_reply(uow, event)
