"""What happened to a claimed mail. Everyone locks its origin, then the message.

`body_started` is the line: before it a mail has certainly not left, after it only a definite answer
of the server, or proof, says what became of it. Without either it is `unknown` and is not sent
again.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal
from uuid import UUID

from sequencer.audit import audit
from sequencer.mail.bounces import service as bounces
from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.service import kind_of
from sequencer.mail.send_windows.rules import MARGIN, expiry
from sequencer.mail.sending import queries
from sequencer.mail.sending.claims import ClaimedDelivery
from sequencer.mail.sending.holding import hold, hold_failed, locked, withdraw_if_stopped
from sequencer.mail.sending.queries import LapsedDelivery
from sequencer.mail.suppressions import service as suppressions
from shared.batches import isolate_failures, reason_of
from shared.errors import Conflict
from shared.events.base import Cause
from shared.events.sequences import MessageSent
from shared.fault_points import faultpoint
from shared.service import Service
from shared.uow import UnitOfWork

MAX_ATTEMPTS = 12
Begun = Literal["begun", "stopped", "locked"]
"""`locked`: a row that decides is being changed in this moment."""
_LAPSED_AT_ONCE = 50


class OutcomeKnown(Conflict):
    code = "outcome_known"
    title = "The outcome of this mail is known"


class NotHeld(Conflict):
    code = "message_not_held"
    title = "Only a held mail can be tried again"


async def begin_body(uow: UnitOfWork, claimed: ClaimedDelivery, lease: float) -> Begun:
    """Confirm a delivery right before its final dot: what could have changed while we talked to the
    server is looked at once more, under the same locks. `stopped`: hang up, nothing was sent.
    """
    message = claimed.message
    locked = await kind_of(uow, message).lock(uow, [message], contacts="share")
    if message.id not in locked.ids:
        return "locked"
    conditions = (await locked.conditions(uow, [message.id]))[message.id]
    contact, deadline = conditions.contact, conditions.deadline
    suppressed = await suppressions.active(uow, [claimed.recipient])
    now = await uow.fresh_now()
    allowed = (
        conditions.refusal(now) is None
        and contact is not None
        and contact.address == claimed.recipient
        and not suppressed
        and (deadline is None or now < expiry(deadline, claimed.zones) - MARGIN)
    )
    if not allowed:
        return "stopped"
    begun = await queries.begin_body(uow, message.id, claimed.fence, lease)
    faultpoint("send.before_body_commit")
    return "begun" if begun else "stopped"


async def record_sent(
    uow: UnitOfWork, message_id: UUID, detail: str, *, fence: int | None = None
) -> bool:
    """Record that a mail was handed over, or that proof of it came from elsewhere (then without a
    fence). Its origin goes on and the event is published in the same transaction.
    """
    origin, message = await locked(uow, message_id)
    sent_at = await uow.now()
    done = await queries.end_attempt(
        uow,
        message_id,
        before=["dispatching", "unknown"],
        state="sent",
        fence=fence,
        detail=detail[:500],
        sent_at=sent_at,
        no_longer_held=True,
    )
    if not done:
        return False
    await origin.add_to_timeline(
        uow,
        "sent",
        step_title=message.step_title,
        recipient=message.recipient,
        message_id=str(message_id),
    )
    if message.held_at is not None:
        uow.publish(messages.resolved(message, "sent"))
    uow.publish(
        MessageSent(
            **{**origin.event_fields, "contact_id": message.contact_id},
            message_id=message_id,
            step_id=message.step_id,
            step_title=message.step_title,
            internet_message_id=message.internet_message_id or "",
            subject=message.subject or "",
            sender=message.sender or "",
            sent_at=sent_at,
        )
    )
    await origin.plan_next(uow)
    faultpoint("send.in_record")
    return True


async def record_not_sent(
    uow: UnitOfWork,
    claimed: ClaimedDelivery,
    detail: str,
    retry_seconds: float,
    *,
    counts: bool = True,
) -> None:
    """It certainly did not leave: try again later, a limited number of times. What was no refusal
    of the server does not count as one.
    """
    origin, message = await locked(uow, claimed.message.id)
    if counts and message.attempts >= MAX_ATTEMPTS:
        await hold(uow, message, "refused", detail, fence=claimed.fence)
        return
    done = await queries.end_attempt(
        uow,
        message.id,
        before=["dispatching"],
        state="scheduled",
        fence=claimed.fence,
        reason="not_sent",
        detail=detail[:500],
        retry_seconds=retry_seconds,
        counts=counts,
    )
    if done:
        await mailboxes.refund(uow, claimed.mailbox_id)
        await withdraw_if_stopped(uow, origin, message.id)


async def record_bad_recipient(uow: UnitOfWork, claimed: ClaimedDelivery, detail: str) -> None:
    """The server knows at once that the address is no good."""
    _, message = await locked(uow, claimed.message.id)
    done = await queries.end_attempt(
        uow,
        message.id,
        before=["dispatching"],
        state="failed",
        fence=claimed.fence,
        reason="hard_bounce",
        detail=detail[:500],
    )
    if done:
        await mailboxes.refund(uow, claimed.mailbox_id)
        await bounces.hard_bounce(uow, message, status=None, diagnostic=detail[:500])


async def record_held(
    uow: UnitOfWork, claimed: ClaimedDelivery, detail: str, *, mailbox_refused: bool
) -> None:
    """The server refuses our mailbox, or this mail. Nobody is suppressed for it."""
    _, message = await locked(uow, claimed.message.id)
    if not mailbox_refused:
        await hold(uow, message, "refused", detail, fence=claimed.fence)
        return
    first = await mailboxes.pause(uow, claimed.mailbox_id, detail[:500])
    await hold(uow, message, "mailbox_refused", detail, fence=claimed.fence, notify=first)


async def recover(service: Service) -> int:
    """Hand-overs whose worker has been silent past its lease: before the line they are due again,
    past it nobody knows, and they are shown instead of repeated.
    """
    async with service.units.across_workspaces() as scope:
        lapsed = await queries.lapsed_messages(scope, _LAPSED_AT_ONCE)
    for row in lapsed:
        cause = Cause(type="system", id="recovery", label="a worker fell silent")
        async with service.units.begin(row.workspace_id, (cause,)) as uow:

            async def recover_one(
                _: Sequence[UUID], uow: UnitOfWork = uow, delivery: LapsedDelivery = row
            ) -> None:
                await _recover_one(uow, delivery.id, delivery.fence)

            await isolate_failures(uow, [row.id], recover_one, partial(hold_failed, uow))
    return len(lapsed)


async def _recover_one(uow: UnitOfWork, message_id: UUID, fence: int) -> None:
    origin, message = await locked(uow, message_id)
    if message.state != "dispatching" or message.fence != fence:
        return
    if not await queries.has_lapsed(uow, message_id):
        return  # it spoke again while we waited for the lock
    if message.phase == "body_started":
        detail = "The worker died after it began to end the mail, which may have left."
        await hold(uow, message, "outcome_unknown", detail, fence=fence)
        return
    if message.attempts >= MAX_ATTEMPTS:
        detail = f"The worker died {message.attempts} times while it handed this mail over."
        await hold(uow, message, "failed", detail, fence=fence)
        return
    await queries.end_attempt(
        uow,
        message_id,
        before=["dispatching"],
        state="scheduled",
        fence=fence,
        reason="worker_died",
    )
    if message.mailbox_id is not None:
        await mailboxes.refund(uow, message.mailbox_id)
    await withdraw_if_stopped(uow, origin, message_id)
    uow.wake_worker()


async def record_failed(uow: UnitOfWork, claimed: ClaimedDelivery, error: Exception) -> None:
    """The hand-over itself raised what nobody foresaw, before the final dot."""
    _, message = await locked(uow, claimed.message.id)
    await hold(uow, message, "failed", reason_of(error), fence=claimed.fence)


async def record_unknown(uow: UnitOfWork, claimed: ClaimedDelivery, detail: str) -> None:
    """The link broke, or the server fell silent, after the final dot."""
    _, message = await locked(uow, claimed.message.id)
    await hold(uow, message, "outcome_unknown", detail, fence=claimed.fence)


async def resolve(uow: UnitOfWork, message_id: UUID, outcome: str) -> Message:
    """A person looked, where we cannot. Raises `OutcomeKnown`."""
    origin, message = await locked(uow, message_id)
    if message.state != "unknown":
        raise OutcomeKnown(f"It is {message.state}; only an unknown outcome is resolved.")
    before = {"outcome": "unknown"}
    audit.record(uow, "message.resolved", message_id, before=before, after={"outcome": outcome})
    if outcome == "sent":
        await record_sent(uow, message_id, "resolved by a person")
        return await messages.get(uow, message_id)
    await queries.end_attempt(
        uow,
        message_id,
        before=["unknown"],
        state="scheduled",
        fence=None,
        reason="resolved_not_sent",
        no_longer_held=True,
    )
    uow.publish(messages.resolved(message, "not_sent"))
    await origin.add_to_timeline(uow, "resolved", step_title=message.step_title, outcome="not_sent")
    await withdraw_if_stopped(uow, origin, message_id)
    await origin.plan_next(uow)
    uow.wake_worker()
    return await messages.get(uow, message_id)


async def retry(uow: UnitOfWork, message_id: UUID) -> Message:
    """Raises `NotHeld`."""
    origin, message = await locked(uow, message_id)
    if message.state != "held":
        raise NotHeld(f"It is {message.state}.")
    audit.record(uow, "message.retried", message_id, before={"reason": message.reason})
    await messages.release(uow, message_id)
    await withdraw_if_stopped(uow, origin, message_id)
    return await messages.get(uow, message_id)


async def prove_sent(uow: UnitOfWork, message: Message, proof: str) -> Message:
    """A report or a reply quotes it, so it was handed over, whatever we knew."""
    if message.state in {"dispatching", "unknown"}:
        await record_sent(uow, message.id, proof)
        return await messages.get(uow, message.id)
    return message
