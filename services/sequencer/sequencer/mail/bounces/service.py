"""What a bounce means for the contact, the address and the enrollment."""

from datetime import timedelta
from typing import Literal

from sequencer.mail.bounces import queries
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.suppressions import service as suppressions
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.schemas import Enrollment
from shared.events.sequences import ContactBounced
from shared.ids import new_id
from shared.uow import UnitOfWork

SOFT_LIMIT = 3
SOFT_WINDOW = timedelta(days=14)
SOFT_PAUSE = timedelta(days=30)
"""Three soft bounces within two weeks rest an address for a month."""


async def hard_bounce(
    uow: UnitOfWork, message: Message, *, status: str | None, diagnostic: str | None
) -> None:
    """The address is no good: mark the contact everywhere, pause at this step, ask for another
    contact. A second report of the same mail changes nothing.
    """
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    current = await messages.get(uow, message.id, lock=True)
    if current.bounced_at is not None or message.recipient is None:
        return
    await messages.mark_bounced(uow, message.id, "hard_bounce", diagnostic)
    await _note(uow, message, "hard", status, diagnostic)
    await suppressions.suppress(uow, message.recipient, "hard_bounce", message_id=message.id)
    uow.publish(
        ContactBounced(
            contact_id=message.contact_id,
            email=message.recipient,
            message_id=message.id,
            diagnostic=diagnostic,
        )
    )
    await enrollments.tell(
        uow,
        enrollment,
        "bounced",
        step_title=message.step_title,
        recipient=message.recipient,
        status=status,
        diagnostic=diagnostic,
    )
    if enrollment.contact_id == message.contact_id and await _goes_on(uow, enrollment):
        await enrollments.stop_each(
            uow, [enrollment], lambda one: enrollments.pause(uow, one, "contact_bounced")
        )


async def soft_bounce(
    uow: UnitOfWork, message: Message, *, status: str | None, diagnostic: str | None
) -> None:
    """Not delivered, for now: the step is planned again for another day, until it is too much."""
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    current = await messages.get(uow, message.id, lock=True)
    if current.bounced_at is not None or message.recipient is None:
        return
    await messages.mark_bounced(uow, message.id, "soft_bounce", diagnostic)
    await _note(uow, message, "soft", status, diagnostic)
    await enrollments.tell(
        uow,
        enrollment,
        "soft_bounced",
        step_title=message.step_title,
        recipient=message.recipient,
        status=status,
        diagnostic=diagnostic,
    )
    now = await uow.now()
    seen = await queries.soft_bounces_since(
        uow.session, uow.workspace_id, message.recipient, now - SOFT_WINDOW
    )
    if seen >= SOFT_LIMIT:
        await _rest_address(uow, message)
    if enrollment.contact_id != message.contact_id or not await _goes_on(uow, enrollment):
        return
    if enrollment.state == "ended":
        enrollment = await enrollments.reopen(uow, enrollment)
    await messages.plan_again_bounced(uow, enrollment.id)
    await enrollments.plan_each(uow, [enrollment])


async def _rest_address(uow: UnitOfWork, message: Message) -> None:
    until = await uow.now() + SOFT_PAUSE
    await suppressions.suppress(
        uow, message.recipient or "", "soft_bounces", message_id=message.id, expires_at=until
    )


async def _note(
    uow: UnitOfWork,
    message: Message,
    kind: Literal["hard", "soft"],
    status: str | None,
    diagnostic: str | None,
) -> None:
    await queries.add_bounce(
        uow.session,
        uow.workspace_id,
        {
            "id": new_id(),
            "message_id": message.id,
            "address": message.recipient,
            "kind": kind,
            "status": status,
            "diagnostic": diagnostic,
            "received_at": await uow.now(),
        },
    )


async def _goes_on(uow: UnitOfWork, enrollment: Enrollment) -> bool:
    """Also one that had sent its last mail: that mail reached nobody. Not when the record has gone
    into the sequence again since, or ended for another reason.
    """
    if enrollment.state == "active":
        return True
    if enrollment.state == "paused" or enrollment.end_reason != "completed":
        return False
    others = await enrollments.all_of_records(uow, [enrollment.record_id])
    return not any(
        one.state != "ended" and one.sequence_id == enrollment.sequence_id for one in others
    )
