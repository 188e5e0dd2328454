"""What a bounce means for the contact, the address and what the mail was sent for."""

from datetime import timedelta
from typing import Literal

from sequencer.mail.bounces import queries
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import Origin
from sequencer.mail.origins.service import origin_of
from sequencer.mail.suppressions import service as suppressions
from shared.events.sequences import ContactBounced
from shared.ids import new_id
from shared.uow import UnitOfWork

SOFT_LIMIT = 3
SOFT_WINDOW = timedelta(days=14)
SOFT_PAUSE = timedelta(days=30)
"""Three soft bounces within two weeks suppress an address for a month."""


async def hard_bounce(
    uow: UnitOfWork, message: Message, *, status: str | None, diagnostic: str | None
) -> None:
    """The address is no good: mark the contact everywhere, and let the origin ask for another one.
    A second report of the same mail changes nothing.
    """
    origin = await _store(uow, message, "hard", status, diagnostic)
    if origin is None or message.recipient is None:
        return
    await suppressions.suppress(uow, message.recipient, "hard_bounce", message_id=message.id)
    uow.publish(
        ContactBounced(
            contact_id=message.contact_id,
            email=message.recipient,
            message_id=message.id,
            diagnostic=diagnostic,
        )
    )
    await origin.hard_bounced(uow, message)


async def soft_bounce(
    uow: UnitOfWork, message: Message, *, status: str | None, diagnostic: str | None
) -> None:
    """Not delivered, for now: the origin plans it again for another day, until it is too much."""
    origin = await _store(uow, message, "soft", status, diagnostic)
    if origin is None or message.recipient is None:
        return
    now = await uow.now()
    if await queries.count_soft_bounces(uow, message.recipient, now - SOFT_WINDOW) >= SOFT_LIMIT:
        await suppressions.suppress(
            uow,
            message.recipient,
            "soft_bounces",
            message_id=message.id,
            expires_at=now + SOFT_PAUSE,
        )
    await origin.soft_bounced(uow, message)


async def _store(
    uow: UnitOfWork,
    message: Message,
    kind: Literal["hard", "soft"],
    status: str | None,
    diagnostic: str | None,
) -> Origin | None:
    """None when the bounce of this mail is known already."""
    origin = await origin_of(uow, message, lock=True)
    current = await messages.get(uow, message.id, lock=True)
    if current.bounced_at is not None or message.recipient is None:
        return None
    await messages.mark_bounced(uow, message.id, f"{kind}_bounce", diagnostic)
    bounce = queries.Bounce(
        id=new_id(),
        message_id=message.id,
        address=message.recipient,
        kind=kind,
        status=status,
        diagnostic=diagnostic,
        received_at=await uow.now(),
    )
    await queries.insert_bounce(uow, bounce)
    await origin.add_to_timeline(
        uow,
        "bounced" if kind == "hard" else "soft_bounced",
        step_title=message.step_title,
        recipient=message.recipient,
        status=status,
        diagnostic=diagnostic,
    )
    return origin
