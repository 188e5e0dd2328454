"""What a recipient asked for happens at once, and once."""

from sequencer.mail.messages import service as messages
from sequencer.mail.origins.service import kinds
from sequencer.mail.suppressions import service as suppressions
from sequencer.mail.unsubscribe.rules import Link, link_of, token_of
from sequencer.replica import service as records
from shared.errors import NotFound
from shared.events.base import Cause
from shared.events.sequences import ContactUnsubscribed
from shared.service import Service
from shared.uow import UnitOfWork


class NoSuchLink(NotFound):
    code = "unknown_link"
    title = "This link is not one of ours, or it is damaged"


def url_for(service: Service, link: Link) -> str:
    secret = service.settings.cursor_secret.get_secret_value()
    return f"{service.settings.public_url}/v1/unsubscribe/{token_of(secret, link)}"


def opened(service: Service, token: str) -> Link:
    """Raises `NoSuchLink`."""
    link = link_of(service.settings.cursor_secret.get_secret_value(), token)
    if link is None:
        raise NoSuchLink("Use the link as it stands in the mail.")
    return link


async def workspace_title(service: Service, link: Link) -> str:
    async with service.units.begin(link.workspace_id, (), read_only=True) as uow:
        await messages.get(uow, link.message_id)
        return await records.workspace_name(uow)


async def unsubscribe(service: Service, link: Link) -> str:
    """By the link of one mail, from everything of the workspace. Repeating it changes nothing.
    Answers with the workspace's name.
    """
    cause = Cause(type="system", id="unsubscribe", label="the recipient unsubscribed")
    async with service.units.begin(link.workspace_id, (cause,)) as uow:
        message = await messages.get(uow, link.message_id)
        if message.recipient is not None:
            await _stop_writing_to(uow, message.recipient, link)
        return await records.workspace_name(uow)


async def _stop_writing_to(uow: UnitOfWork, address: str, link: Link) -> None:
    new = await suppressions.suppress(uow, address, "unsubscribed", message_id=link.message_id)
    people = await records.contacts_at(uow, address)
    for kind in kinds(uow):
        await kind.exit_all_of_contacts(uow, [person.id for person in people], "unsubscribed")
    if not new:
        return
    for person in people:
        uow.publish(ContactUnsubscribed(contact_id=person.id, email=person.email or address))
    if not people:
        uow.publish(ContactUnsubscribed(contact_id=None, email=address))
