"""The ledger as other features use it. What happens on the wire is in `sending`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sequencer.mail.messages import queries
from sequencer.mail.messages.rules import normal_message_id
from sequencer.mail.messages.schemas import NO_PROGRESS, Message, NewMessage, Progress
from shared.errors import NotFound
from shared.events.sequences import MessageResolved
from shared.uow import UnitOfWork


class MessageNotFound(NotFound):
    code = "message_not_found"
    title = "No such message"


async def add(uow: UnitOfWork, rows: Sequence[NewMessage]) -> None:
    """A step that has a row which stands keeps that row."""
    if rows:
        await queries.add_messages(uow.session, uow.workspace_id, rows)
    if any(row.state == "scheduled" for row in rows):
        uow.wake_worker()


async def progress(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    if not enrollment_ids:
        return {}
    standing = await queries.standing_of(uow.session, uow.workspace_id, enrollment_ids)
    waiting = await queries.open_messages(uow.session, uow.workspace_id, enrollment_ids)
    open_by_enrollment = {message.enrollment_id: message for message in waiting}
    found = {
        row.enrollment_id: Progress(
            handled=frozenset(row.handled),
            last_sent_at=row.last_sent_at,
            open=open_by_enrollment.get(row.enrollment_id),
        )
        for row in standing
    }
    return {each: found.get(each, NO_PROGRESS) for each in enrollment_ids}


async def steps_sent_in(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """By enrollment, steps that reached, or may have reached, someone."""
    if not enrollment_ids:
        return {}
    found: dict[UUID, set[UUID]] = {}
    for enrollment_id, step_id in await queries.steps_sent_in(
        uow.session, uow.workspace_id, enrollment_ids
    ):
        found.setdefault(enrollment_id, set()).add(step_id)
    return found


async def get(uow: UnitOfWork, message_id: UUID, *, lock: bool = False) -> Message:
    """Lock the enrollment first: everyone takes enrollment, then message."""
    found = await queries.message_by_id(uow.session, uow.workspace_id, message_id, lock=lock)
    if found is None:
        raise MessageNotFound("There is no message with this id.")
    return found


async def some(uow: UnitOfWork, ids: Collection[UUID]) -> list[Message]:
    return await queries.messages_by_id(uow.session, uow.workspace_id, ids)


async def quoted(uow: UnitOfWork, internet_message_ids: Sequence[str | None]) -> Message | None:
    """The mail of ours that a report or a reply names first."""
    named = [name for name in map(normal_message_id, internet_message_ids) if name]
    if not named:
        return None
    return await queries.message_by_internet_id(uow.session, uow.workspace_id, named)


async def last_to(uow: UnitOfWork, addresses: Sequence[str], since: datetime) -> Message | None:
    return await queries.last_message_to(uow.session, uow.workspace_id, addresses, since)


async def lately_to(uow: UnitOfWork, addresses: Sequence[str], since: datetime) -> list[Message]:
    return await queries.lately_to(uow.session, uow.workspace_id, addresses, since)


async def thread(uow: UnitOfWork, enrollment_id: UUID, contact_id: UUID) -> list[str]:
    """Message-IDs that a later mail to this contact answers, oldest first."""
    return await queries.sent_before(uow.session, uow.workspace_id, enrollment_id, contact_id)


async def sent_since(uow: UnitOfWork, address: str, since: datetime) -> int:
    return await queries.sent_to_since(uow.session, uow.workspace_id, address, since)


async def raw_of(uow: UnitOfWork, message_id: UUID) -> bytes | None:
    return await queries.raw_of(uow.session, uow.workspace_id, message_id)


async def page(
    uow: UnitOfWork, *, filters: dict[str, Any], after_id: UUID | None, limit: int
) -> list[Message]:
    return await queries.messages_page(
        uow.session, uow.workspace_id, filters=filters, after_id=after_id, limit=limit
    )


async def reschedule(uow: UnitOfWork, message_id: UUID, due_at: datetime) -> None:
    await queries.set_fields(
        uow.session, uow.workspace_id, [message_id], ["scheduled"], {"due_at": due_at}
    )


async def end_unsent(
    uow: UnitOfWork, message: Message, state: str, reason: str, **changes: Any
) -> bool:
    """A mail that has not left will not leave: `cancelled`, `skipped`, `expired`, `suppressed`.
    False for one that is under way, unknown or done: it keeps its truth.
    """
    done = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        [message.id],
        ["scheduled", "held"],
        {"state": state, "reason": reason, "held_at": None, **changes},
    )
    if done and message.held_at is not None:
        uow.publish(resolved(message, "not_sent"))
    return bool(done)


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


async def release(uow: UnitOfWork, message_id: UUID) -> bool:
    """Let a held mail go out once the send conditions allow it."""
    done = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        [message_id],
        ["held"],
        {"state": "scheduled", "reason": None, "detail": None, "retry_at": None},
    )
    uow.wake_worker()
    return bool(done)


async def release_held(uow: UnitOfWork, reason: str, mailbox_id: UUID | None = None) -> None:
    """What made these mails wait is gone."""
    if await queries.release_held(uow.session, uow.workspace_id, reason, mailbox_id):
        uow.wake_worker()


async def plan_again_skipped(uow: UnitOfWork, enrollment_id: UUID) -> None:
    """After the date moved, steps that were passed over may lie ahead again."""
    await queries.supersede(uow.session, uow.workspace_id, enrollment_id, queries.SKIPPED_BY_DATE)


async def plan_again_bounced(uow: UnitOfWork, enrollment_id: UUID) -> None:
    """A step whose mail reached nobody may be sent to someone else."""
    await queries.supersede(uow.session, uow.workspace_id, enrollment_id, queries.REACHED_NOBODY)


async def mark_bounced(uow: UnitOfWork, message_id: UUID, reason: str, detail: str | None) -> None:
    await queries.set_fields(
        uow.session,
        uow.workspace_id,
        [message_id],
        ["sent", "failed"],
        {"bounced_at": await uow.now(), "reason": reason, "detail": detail},
    )


async def under_way_from(uow: UnitOfWork, mailbox_id: UUID) -> bool:
    return await queries.under_way_from(uow.session, uow.workspace_id, mailbox_id)


async def count_waiting(uow: UnitOfWork) -> dict[str, int]:
    return await queries.count_waiting(uow.session, uow.workspace_id, await uow.now())


async def count_held(uow: UnitOfWork) -> int:
    return await queries.count_held(uow.session, uow.workspace_id)
