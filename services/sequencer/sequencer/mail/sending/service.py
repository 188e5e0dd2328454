"""What happened to a claimed mail. Everyone locks the enrollment, then the message.

`body_started` is the line: before it a mail has certainly not left, after it only a definite answer
of the server, or proof, says what became of it. Without either it is `unknown` and is not sent
again.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID

from sequencer.audit import audit
from sequencer.mail.bounces import service as bounces
from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.sending import queries
from sequencer.mail.sending.claims import Claimed
from sequencer.mail.sending.holding import hold, hold_failed, locked, withdraw_if_stopped
from sequencer.mail.suppressions import service as suppressions
from sequencer.replica import service as records
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import situations_of
from sequencer.sequences.enrollments.planner import identity
from sequencer.sequences.enrollments.rules import obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.planning.rules import MARGIN, expiry
from sequencer.sequences.reevaluation_queue import service as agenda
from sequencer.sequences.sequences import service as sequences
from sequencer.usages import service as stewardship
from shared.batches import each_at_its_own_risk, reason_of
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


def cause_of(message: Message) -> tuple[Cause, ...]:
    return (
        Cause(type="sequence", id=str(message.sequence_id), label=message.sequence_title),
        Cause(type="enrollment", id=str(message.enrollment_id)),
        Cause(type="step", id=str(message.step_id), label=message.step_title),
    )


async def begin_body(uow: UnitOfWork, claimed: Claimed, lease: float) -> Begun:
    """T1b, right before the final dot: what could have changed while we talked to the server is
    looked at once more, under the same locks. `stopped`: hang up, nothing was sent.
    """
    message = claimed.message
    found = await records.opportunities(uow, [message.record_id], lock="share")
    account_ids = {one.account_id for one in found.values() if one.account_id}
    accounts = await records.accounts(uow, account_ids, lock="share")
    people = await records.contacts(uow, [message.contact_id], lock="share")
    shared = await enrollments.share(uow, [message.enrollment_id])
    if not (found and people and shared) or account_ids - accounts.keys():
        return "locked"
    enrollment = shared[message.enrollment_id]
    [situation] = await situations_of(uow, [enrollment])
    expires = found[message.record_id].contract_expiration
    suppressed = await suppressions.reasons(uow, [claimed.recipient])
    now = await uow.fresh_now()
    allowed = (
        enrollment.state == "active"
        and enrollment.contact_id == message.contact_id
        and people[message.contact_id].address == claimed.recipient
        and obstacle(situation.standing, now) is None
        and not suppressed
        and expires is not None
        and now < expiry(expires, claimed.zones) - MARGIN
    )
    if not allowed:
        return "stopped"
    begun = await queries.begin_body(
        uow.session, uow.workspace_id, message.id, claimed.fence, lease
    )
    faultpoint("send.before_body_commit")
    return "begun" if begun else "stopped"


async def record_sent(
    uow: UnitOfWork, message_id: UUID, detail: str, *, fence: int | None = None
) -> bool:
    """T2, or proof that came from elsewhere (then without a fence): it was handed over. The
    enrollment goes on and others are told, in the same transaction.
    """
    enrollment, message = await locked(uow, message_id)
    sent_at = await uow.now()
    done = await queries.end_attempt(
        uow.session,
        uow.workspace_id,
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
    await enrollments.tell(
        uow,
        enrollment,
        "sent",
        step_title=message.step_title,
        recipient=message.recipient,
        message_id=str(message_id),
    )
    if message.held_at is not None:
        uow.publish(messages.resolved(message, "sent"))
    uow.publish(
        MessageSent(
            **{**identity(enrollment), "contact_id": message.contact_id},
            message_id=message_id,
            step_id=message.step_id,
            step_title=message.step_title,
            internet_message_id=message.internet_message_id or "",
            subject=message.subject or "",
            sender=message.sender or "",
            sent_at=sent_at,
        )
    )
    await _go_on(uow, enrollment)
    faultpoint("send.in_record")
    return True


async def record_not_sent(
    uow: UnitOfWork, claimed: Claimed, detail: str, retry_seconds: float, *, counts: bool = True
) -> None:
    """It certainly did not leave: try again later, a limited number of times. What was no refusal
    of the server does not count as one.
    """
    enrollment, message = await locked(uow, claimed.message.id)
    if counts and message.attempts >= MAX_ATTEMPTS:
        await hold(uow, message, "refused", detail, fence=claimed.fence)
        return
    done = await queries.end_attempt(
        uow.session,
        uow.workspace_id,
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
        await withdraw_if_stopped(uow, enrollment, message.id)


async def record_bad_recipient(uow: UnitOfWork, claimed: Claimed, detail: str) -> None:
    """The server knows at once that the address is no good."""
    _, message = await locked(uow, claimed.message.id)
    done = await queries.end_attempt(
        uow.session,
        uow.workspace_id,
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
    uow: UnitOfWork, claimed: Claimed, detail: str, *, mailbox_refused: bool
) -> None:
    """The server refuses our mailbox, or this mail. Nobody is suppressed for it."""
    _, message = await locked(uow, claimed.message.id)
    if not mailbox_refused:
        await hold(uow, message, "refused", detail, fence=claimed.fence)
        return
    first = await mailboxes.pause(uow, claimed.mailbox_id, detail[:500])
    await hold(uow, message, "mailbox_refused", detail, fence=claimed.fence, tell=first)


async def recover(service: Service) -> int:
    """Hand-overs whose worker has been silent past its lease: before the line they are due again,
    past it nobody knows, and they are shown instead of repeated.
    """
    async with service.units.across_workspaces() as scope:
        lapsed = await queries.lapsed_messages(scope.session, _LAPSED_AT_ONCE)
    for row in lapsed:
        cause = Cause(type="system", id="recovery", label="a worker fell silent")
        async with service.units.begin(row.workspace_id, (cause,)) as uow:

            async def recover_one(
                _: Sequence[UUID], uow: UnitOfWork = uow, lapsed: Any = row
            ) -> None:
                await _recover_one(uow, lapsed.id, lapsed.fence)

            await each_at_its_own_risk(uow, [row.id], recover_one, partial(hold_failed, uow))
    return len(lapsed)


async def _recover_one(uow: UnitOfWork, message_id: UUID, fence: int) -> None:
    enrollment, message = await locked(uow, message_id)
    if message.state != "dispatching" or message.fence != fence:
        return
    if not await queries.has_lapsed(uow.session, uow.workspace_id, message_id):
        return  # it spoke again while we waited for the lock
    if message.phase == "body_started":
        detail = "The worker died after the mail was told."
        await hold(uow, message, "outcome_unknown", detail, fence=fence)
        return
    if message.attempts >= MAX_ATTEMPTS:
        detail = f"The worker died {message.attempts} times while it handed this mail over."
        await hold(uow, message, "failed", detail, fence=fence)
        return
    await queries.end_attempt(
        uow.session,
        uow.workspace_id,
        message_id,
        before=["dispatching"],
        state="scheduled",
        fence=fence,
        reason="worker_died",
    )
    if message.mailbox_id is not None:
        await mailboxes.refund(uow, message.mailbox_id)
    await withdraw_if_stopped(uow, enrollment, message_id)
    uow.wake_worker()


async def record_failed(uow: UnitOfWork, claimed: Claimed, error: Exception) -> None:
    """The hand-over itself raised what nobody foresaw, before the final dot."""
    _, message = await locked(uow, claimed.message.id)
    await hold(uow, message, "failed", reason_of(error), fence=claimed.fence)


async def record_unknown(uow: UnitOfWork, claimed: Claimed, detail: str) -> None:
    """The link broke, or the server fell silent, after the final dot."""
    _, message = await locked(uow, claimed.message.id)
    await hold(uow, message, "outcome_unknown", detail, fence=claimed.fence)


async def resolve(uow: UnitOfWork, message_id: UUID, outcome: str) -> Message:
    """A person looked, where we cannot. Raises `OutcomeKnown`."""
    enrollment, message = await locked(uow, message_id)
    if message.state != "unknown":
        raise OutcomeKnown(f"It is {message.state}; only an unknown outcome is resolved.")
    before = {"outcome": "unknown"}
    audit.record(uow, "message.resolved", message_id, before=before, after={"outcome": outcome})
    if outcome == "sent":
        await record_sent(uow, message_id, "resolved by a person")
        return await messages.get(uow, message_id)
    await queries.end_attempt(
        uow.session,
        uow.workspace_id,
        message_id,
        before=["unknown"],
        state="scheduled",
        fence=None,
        reason="resolved_not_sent",
        no_longer_held=True,
    )
    uow.publish(messages.resolved(message, "not_sent"))
    await enrollments.tell(
        uow, enrollment, "resolved", step_title=message.step_title, outcome="not_sent"
    )
    await withdraw_if_stopped(uow, enrollment, message_id)
    await _go_on(uow, enrollment)
    uow.wake_worker()
    return await messages.get(uow, message_id)


async def retry(uow: UnitOfWork, message_id: UUID) -> Message:
    """Raises `NotHeld`."""
    enrollment, message = await locked(uow, message_id)
    if message.state != "held":
        raise NotHeld(f"It is {message.state}.")
    audit.record(uow, "message.retried", message_id, before={"reason": message.reason})
    await messages.release(uow, message_id)
    await withdraw_if_stopped(uow, enrollment, message_id)
    return await messages.get(uow, message_id)


async def prove_sent(uow: UnitOfWork, message: Message, proof: str) -> Message:
    """A report or a reply quotes it, so it was handed over, whatever we knew."""
    if message.state in {"dispatching", "unknown"}:
        await record_sent(uow, message.id, proof)
        return await messages.get(uow, message.id)
    return message


async def _go_on(uow: UnitOfWork, enrollment: Enrollment) -> None:
    """The mail has left: whatever planning the next one raises must not undo that we know it."""
    if enrollment.state == "active":
        await enrollments.plan_each(uow, [enrollment])


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    """Rows of the workspace that a worker should take now, or that a person should."""
    return {
        "due_records": await agenda.count_due(uow),
        "due_enrollments": await enrollments.count_due(uow),
        "enrollments_without_sender": await stewardship.count_without_sender(uow),
        **await messages.count_waiting(uow),
    }


async def held_work(uow: UnitOfWork) -> dict[str, int]:
    """What failed for itself alone, by kind. A task says why of each."""
    return {
        "held_messages": await messages.count_held(uow),
        "set_aside_records": await agenda.count_set_aside(uow),
        "unreadable_sequences": await sequences.count_unreadable(uow),
    }
