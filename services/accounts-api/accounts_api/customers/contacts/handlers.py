from accounts_api.customers.contacts import service
from shared.events.sequences import ContactBounced, ContactUnsubscribed
from shared.uow import UnitOfWork


async def on_contact_bounced(uow: UnitOfWork, event: ContactBounced) -> None:
    """The address bounced: a contact who has another one by now is not marked."""
    await service.mark_address(uow, event.email, "bounced")


async def on_contact_unsubscribed(uow: UnitOfWork, event: ContactUnsubscribed) -> None:
    await service.mark_address(uow, event.email, "unsubscribed")
