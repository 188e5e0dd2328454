"""Mails that are not sent without a person or proof. Others hear of each once."""

from typing import Any
from uuid import UUID

from sequencer.enrollments import service as enrollments
from sequencer.mailboxes import service as mailboxes
from sequencer.messages import service as messages
from sequencer.messages.schemas import Message
from sequencer.sending import queries
from shared.batches import reason_of
from shared.events.sequences import MessageHeld
from shared.uow import UnitOfWork


async def hold_back(
    uow: UnitOfWork,
    message: Message,
    reason: Any,
    detail: str,
    *,
    mailbox_id: UUID | None = None,
    tell: bool = True,
) -> None:
    """A mail that is due."""
    tell = tell and message.held_at is None
    await queries.end_attempt(
        uow.session,
        uow.workspace_id,
        message.id,
        before=["scheduled"],
        state="held",
        fence=None,
        reason=reason,
        detail=detail[:500],
        mailbox_id=mailbox_id,
        held_at=await uow.now() if tell else None,
    )
    if tell:
        await tell_held(uow, message, reason, detail)


async def hold_failed(uow: UnitOfWork, message_id: UUID, error: Exception) -> None:
    """Something about this one mail went wrong in a way that nobody foresaw. Past the line it may
    have left all the same.
    """
    message = await messages.get(uow, message_id)
    enrollment = await enrollments.get(uow, message.enrollment_id, lock=True)
    message = await messages.get(uow, message_id, lock=True)
    detail = reason_of(error)
    if message.state == "scheduled" and enrollment.state != "active":
        await messages.cancel(uow, message, f"enrollment_{enrollment.state}")
        return
    if message.state == "scheduled":
        await hold_back(uow, message, "failed", detail)
        return
    unknown = message.phase == "body_started"
    reason = "outcome_unknown" if unknown else "failed"
    done = await queries.end_attempt(
        uow.session,
        uow.workspace_id,
        message.id,
        before=["dispatching"],
        state="unknown" if unknown else "held",
        fence=message.fence,
        reason=reason,
        detail=detail,
        held_at=await uow.now(),
    )
    if not done:
        return
    if message.mailbox_id is not None and not unknown:
        await mailboxes.refund(uow, message.mailbox_id)
    await tell_held(uow, message, reason, detail)


async def tell_held(uow: UnitOfWork, message: Message, reason: Any, detail: str) -> None:
    enrollment = await enrollments.get(uow, message.enrollment_id)
    await enrollments.tell(
        uow,
        enrollment,
        "held",
        step_title=message.step_title,
        reason=reason,
        detail=detail[:500],
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
            detail=detail[:500],
        )
    )
