"""Which members get a notification of what other services publish."""

from collections.abc import Sequence
from uuid import UUID

from shared.events.sequences import ContactReplied
from shared.events.sync import ConnectionNeedsReauth, WebhookEndpointDisabled
from shared.feed import dead_events
from shared.uow import UnitOfWork
from tasks_api.notifications import service
from tasks_api.notifications.rows import NewNotification
from tasks_api.replica import service as replica


async def on_contact_replied(uow: UnitOfWork, event: ContactReplied) -> None:
    holder = await replica.holder_of(uow, event.account_id, event.notify_key_role)
    await _notify(
        uow,
        [holder] if holder else await replica.admins(uow),
        "contact.replied",
        f"{event.contact_name} replied",
        f"{event.contact_name} of {event.account_name or 'the account'} answered"
        f" “{event.subject}”. The sequence has stopped; the conversation is yours.",
        ("opportunity", event.opportunity_id),
    )


async def on_connection_needs_reauth(uow: UnitOfWork, event: ConnectionNeedsReauth) -> None:
    await _notify(
        uow,
        await replica.admins(uow),
        "connection.needs_reauth",
        f"The {event.system} connection needs to be authorised again",
        event.reason,
        ("connection", event.connection_id),
    )


async def on_webhook_endpoint_disabled(uow: UnitOfWork, event: WebhookEndpointDisabled) -> None:
    await _notify(
        uow,
        await replica.admins(uow),
        "webhook_endpoint.disabled",
        f"The webhook endpoint at {event.url_host} was switched off",
        event.reason,
        ("webhook_endpoint", event.id),
    )


async def _notify(
    uow: UnitOfWork,
    members: Sequence[UUID],
    kind: str,
    title: str,
    body: str,
    subject: tuple[str, UUID],
) -> None:
    async def notify(member_id: UUID) -> None:
        notification: NewNotification = {
            "member_id": member_id,
            "kind": kind,
            "title": title,
            "body": body,
            "subject_type": subject[0],
            "subject_id": subject[1],
            "event_id": _event_id(uow),
        }
        await service.notify(uow, [notification])

    await dead_events.apply_to_each(uow, members, notify)


def _event_id(uow: UnitOfWork) -> UUID:
    if uow.handled_event is None:
        raise LookupError("A notification handler runs as the effect of an event.")
    return uow.handled_event.id
