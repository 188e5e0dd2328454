"""What the mailbox reader remembers of others: whom we know."""

from shared.events.accounts import ContactChanged
from shared.uow import UnitOfWork
from sync_worker.mail.mailbox import service


async def on_contact_changed(uow: UnitOfWork, event: ContactChanged) -> None:
    await service.keep_address(uow, event)
