"""Mails that are not sent without a person or proof. Others hear of each once."""

from typing import Any
from uuid import UUID

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.sending import queries
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.schemas import Enrollment
from shared.batches import reason_of
from shared.events.sequences import MessageHeld
from shared.uow import UnitOfWork


async def hold(
    uow: UnitOfWork,
    message: Message,
    reason: Any,
    detail: str,
    *,
    fence: int | None = None,
    mailbox_id: UUID | None = None,
    tell: bool = True,
) -> None:
    """A mail that is due, or with its fence one that is under way, whose mailbox gets back what
    that took. Past the line, for `outcome_unknown`, it may have left. Of a mail that is due again
    others heard before; one whose enrollment was stopped meanwhile is withdrawn, and not told of.
    """
    unknown = reason == "outcome_unknown"
    enrollment = await enrollments.get(uow, message.enrollment_id)
    tell = tell and (fence is not None or message.held_at is None)
    tell = tell and (unknown or enrollment.state == "active")
    done = await queries.end_attempt(
        uow.session,
        uow.workspace_id,
        message.id,
        before=["scheduled" if fence is None else "dispatching"],
        state="unknown" if unknown else "held",
        fence=fence,
        reason=reason,
        detail=detail[:500],
        mailbox_id=mailbox_id,
        held_at=await uow.now() if tell else None,
    )
    if not done:
        return
    if not unknown:
        if fence is not None and message.mailbox_id is not None:
            await mailboxes.refund(uow, message.mailbox_id)
        await withdraw_if_stopped(uow, enrollment, message.id)
    if tell:
        await _tell(uow, enrollment, message, reason, detail[:500])


async def hold_failed(uow: UnitOfWork, message_id: UUID, error: Exception) -> None:
    """Something about this one mail went wrong in a way that nobody foresaw. Past the line it may
    have left all the same.
    """
    _, message = await locked(uow, message_id)
    reason = "outcome_unknown" if message.phase == "body_started" else "failed"
    fence = message.fence if message.state == "dispatching" else None
    await hold(uow, message, reason, reason_of(error), fence=fence)


async def locked(uow: UnitOfWork, message_id: UUID) -> tuple[Enrollment, Message]:
    message = await messages.get(uow, message_id)
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    return enrollment, await messages.get(uow, message_id, lock=True)


async def withdraw_if_stopped(uow: UnitOfWork, enrollment: Enrollment, message_id: UUID) -> None:
    """The enrollment was paused or ended while its mail was under way, and the mail came back."""
    if enrollment.state != "active":
        message = await messages.get(uow, message_id)
        await messages.cancel(uow, message, f"enrollment_{enrollment.state}")


async def _tell(
    uow: UnitOfWork, enrollment: Enrollment, message: Message, reason: Any, detail: str
) -> None:
    await enrollments.tell(
        uow, enrollment, "held", step_title=message.step_title, reason=reason, detail=detail
    )
    uow.publish(
        MessageHeld(
            enrollment_id=message.enrollment_id,
            sequence_id=message.sequence_id,
            opportunity_id=message.record_id,
            account_id=message.account_id,
            contact_id=message.contact_id,
            message_id=message.id,
            step_id=message.step_id,
            step_title=message.step_title,
            reason=reason,
            detail=detail,
        )
    )
