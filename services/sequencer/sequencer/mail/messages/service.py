"""The ledger as other features use it. What happens on the wire is in `sending`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sequencer.mail.messages import queries
from sequencer.mail.messages.queries import (
    count_held,
    count_waiting,
    last_to,
    lately_to,
    messages_by_id,
    messages_page,
    plan_again_bounced,
    plan_again_skipped,
    raw_of,
    sent_since,
    thread,
    under_way_from,
    wait_for_accounts,
)
from sequencer.mail.messages.rules import MessageState, normal_message_id
from sequencer.mail.messages.schemas import NO_PROGRESS, Message, NewMessage, Progress
from shared.errors import NotFound
from shared.events.sequences import MessageResolved
from shared.uow import UnitOfWork

__all__ = [
    "count_held",
    "count_waiting",
    "last_to",
    "lately_to",
    "messages_by_id",
    "messages_page",
    "plan_again_bounced",
    "plan_again_skipped",
    "raw_of",
    "sent_since",
    "thread",
    "under_way_from",
    "wait_for_accounts",
]


class MessageNotFound(NotFound):
    code = "message_not_found"
    title = "No such message"


async def add(uow: UnitOfWork, rows: Sequence[NewMessage]) -> None:
    """A step that has a row which stands keeps that row."""
    if rows:
        await queries.insert_messages(uow, rows)
    if any(row.state == "scheduled" for row in rows):
        uow.wake_worker()


async def progress(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    if not enrollment_ids:
        return {}
    handled = await queries.handled_steps(uow, enrollment_ids)
    pending = await queries.open_messages(uow, enrollment_ids)
    open_by_enrollment = {message.enrollment_id: message for message in pending}
    by_enrollment = {
        row.enrollment_id: Progress(
            handled=frozenset(row.steps),
            last_sent_at=row.last_sent_at,
            open=open_by_enrollment.get(row.enrollment_id),
        )
        for row in handled
    }
    return {each: by_enrollment.get(each, NO_PROGRESS) for each in enrollment_ids}


async def steps_sent_in(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """By enrollment, steps that reached, or may have reached, someone."""
    if not enrollment_ids:
        return {}
    steps: dict[UUID, set[UUID]] = {}
    for sent in await queries.sent_steps(uow, enrollment_ids):
        steps.setdefault(sent.enrollment_id, set()).add(sent.step_id)
    return steps


async def get(uow: UnitOfWork, message_id: UUID, *, lock: bool = False) -> Message:
    """Lock the enrollment first: everyone takes enrollment, then message."""
    message = await queries.message_by_id(uow, message_id, lock=lock)
    if message is None:
        raise MessageNotFound("There is no message with this id.")
    return message


async def quoted(uow: UnitOfWork, internet_message_ids: Sequence[str | None]) -> Message | None:
    """The mail of ours that a report or a reply names first."""
    named = [name for name in map(normal_message_id, internet_message_ids) if name]
    if not named:
        return None
    return await queries.message_by_internet_id(uow, named)


async def reschedule(uow: UnitOfWork, message_id: UUID, due_at: datetime) -> None:
    await queries.change_message(uow, message_id, ["scheduled"], {"due_at": due_at})


async def end_unsent(
    uow: UnitOfWork,
    message: Message,
    state: MessageState,
    reason: str,
    *,
    superseded_at: datetime | None = None,
) -> bool:
    """A mail that has not left will not leave: `cancelled`, `skipped`, `expired`, `suppressed`.
    False for one that is under way, unknown or done: it keeps its truth.
    """
    changes: queries.MessageChanges = {"state": state, "reason": reason, "held_at": None}
    if superseded_at is not None:
        changes["superseded_at"] = superseded_at
    done = await queries.change_message(uow, message.id, ["scheduled", "held"], changes)
    if done and message.held_at is not None:
        uow.publish(resolved(message, "not_sent"))
    return done


async def cancel(uow: UnitOfWork, message: Message, reason: str) -> bool:
    """Like `end_unsent`; the step of a cancelled mail may be planned again."""
    return await end_unsent(uow, message, "cancelled", reason, superseded_at=await uow.now())


def resolved(message: Message, outcome: Literal["sent", "not_sent"]) -> MessageResolved:
    """Ends what `MessageHeld` told others: that it is held, or its outcome unknown."""
    return MessageResolved(
        enrollment_id=message.enrollment_id,
        sequence_id=message.sequence_id,
        opportunity_id=message.opportunity_id,
        account_id=message.account_id,
        contact_id=message.contact_id,
        message_id=message.id,
        outcome=outcome,
    )


async def release(uow: UnitOfWork, message_id: UUID) -> None:
    """Let a held mail go out once the send conditions allow it."""
    await queries.change_message(
        uow,
        message_id,
        ["held"],
        {"state": "scheduled", "reason": None, "detail": None, "retry_at": None},
    )
    uow.wake_worker()


async def release_held(uow: UnitOfWork, reason: str, mailbox_id: UUID | None = None) -> None:
    """What made these mails wait is gone."""
    if await queries.release_held(uow, reason, mailbox_id):
        uow.wake_worker()


async def mark_bounced(uow: UnitOfWork, message_id: UUID, reason: str, detail: str | None) -> None:
    await queries.change_message(
        uow,
        message_id,
        ["sent", "failed"],
        {"bounced_at": await uow.now(), "reason": reason, "detail": detail},
    )
