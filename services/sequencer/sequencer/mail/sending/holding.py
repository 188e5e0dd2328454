"""Mails that are not sent without a person or proof. Subscribers learn of each once."""

from uuid import UUID

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import Origin
from sequencer.mail.origins.service import origin_of
from sequencer.mail.sending import queries
from shared.batches import reason_of
from shared.events.sequences import HoldReason, MessageHeld
from shared.uow import UnitOfWork


async def hold(
    uow: UnitOfWork,
    message: Message,
    reason: HoldReason,
    detail: str,
    *,
    fence: int | None = None,
    mailbox_id: UUID | None = None,
    notify: bool = True,
) -> None:
    """Hold a mail that is due or, with its fence, one that is under way; its mailbox gets back what
    that took. After the final dot, for `outcome_unknown`, it may have left. A mail that was held
    before is not published again, and one whose origin was stopped meanwhile is withdrawn instead.
    """
    unknown = reason == "outcome_unknown"
    origin = await origin_of(uow, message)
    notify = notify and (fence is not None or message.held_at is None)
    notify = notify and (unknown or origin.stopped is None)
    done = await queries.end_attempt(
        uow,
        message.id,
        before=["scheduled" if fence is None else "dispatching"],
        state="unknown" if unknown else "held",
        fence=fence,
        reason=reason,
        detail=detail[:500],
        mailbox_id=mailbox_id,
        held_at=await uow.now() if notify else None,
    )
    if not done:
        return
    if not unknown:
        if fence is not None and message.mailbox_id is not None:
            await mailboxes.refund(uow, message.mailbox_id)
        await withdraw_if_stopped(uow, origin, message.id)
    if notify:
        await _publish(uow, origin, message, reason, detail[:500])


async def hold_failed(uow: UnitOfWork, message_id: UUID, error: Exception) -> None:
    """Hold a mail because of an error that nobody foresaw. After the final dot it may have left all
    the same.
    """
    _, message = await locked(uow, message_id)
    reason: HoldReason = "outcome_unknown" if message.phase == "body_started" else "failed"
    fence = message.fence if message.state == "dispatching" else None
    await hold(uow, message, reason, reason_of(error), fence=fence)


async def locked(uow: UnitOfWork, message_id: UUID) -> tuple[Origin, Message]:
    origin = await origin_of(uow, await messages.get(uow, message_id), lock=True)
    return origin, await messages.get(uow, message_id, lock=True)


async def withdraw_if_stopped(uow: UnitOfWork, origin: Origin, message_id: UUID) -> None:
    """Cancel a mail that came back after its origin was paused or had ended."""
    if origin.stopped is not None:
        await messages.cancel(uow, await messages.get(uow, message_id), origin.stopped)


async def _publish(
    uow: UnitOfWork, origin: Origin, message: Message, reason: HoldReason, detail: str
) -> None:
    await origin.add_to_timeline(
        uow, "held", step_title=message.step_title, reason=reason, detail=detail
    )
    uow.publish(
        MessageHeld(
            enrollment_id=message.enrollment_id,
            sequence_id=message.sequence_id,
            opportunity_id=message.opportunity_id,
            account_id=message.account_id,
            contact_id=message.contact_id,
            message_id=message.id,
            step_id=message.step_id,
            step_title=message.step_title,
            reason=reason,
            detail=detail,
        )
    )
