"""Who is told what, when other services speak."""

from uuid import UUID

from shared.events.sequences import ContactReplied
from shared.events.sync import ConnectionNeedsReauth, WebhookEndpointDisabled
from shared.uow import UnitOfWork
from tasks_api.directory import service as directory
from tasks_api.notifications import service


async def on_contact_replied(uow: UnitOfWork, event: ContactReplied) -> None:
    holder = await directory.holder_of(uow, event.account_id, event.notify_key_role)
    for member_id in [holder] if holder else await directory.admins(uow):
        await service.notify(
            uow,
            member_id,
            kind="contact.replied",
            title=f"{event.contact_name} replied",
            body=f"{event.contact_name} of {event.account_name or 'the account'} answered"
            f" “{event.subject}”. The sequence has stopped; the conversation is yours.",
            subject=("opportunity", event.opportunity_id),
            once_per=_event_id(uow),
        )


async def on_connection_needs_reauth(uow: UnitOfWork, event: ConnectionNeedsReauth) -> None:
    await _tell_admins(
        uow,
        "connection.needs_reauth",
        f"The {event.system} connection needs to be authorised again",
        event.reason,
        ("connection", event.connection_id),
    )


async def on_webhook_endpoint_disabled(uow: UnitOfWork, event: WebhookEndpointDisabled) -> None:
    await _tell_admins(
        uow,
        "webhook_endpoint.disabled",
        f"The webhook endpoint at {event.url_host} was switched off",
        event.reason,
        ("webhook_endpoint", event.id),
    )


async def _tell_admins(
    uow: UnitOfWork, kind: str, title: str, body: str, subject: tuple[str, UUID]
) -> None:
    for member_id in await directory.admins(uow):
        await service.notify(
            uow,
            member_id,
            kind=kind,
            title=title,
            body=body,
            subject=subject,
            once_per=_event_id(uow),
        )


def _event_id(uow: UnitOfWork) -> UUID:
    if uow.heard is None:
        raise LookupError("A notification handler runs as the effect of an event.")
    return uow.heard.id
