"""An enrollment from its start to its end. Everyone locks the enrollment before its messages."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.sequences.enrollments import queries
from sequencer.sequences.enrollments.context import EnrollmentContext, load_enrollment_contexts
from sequencer.sequences.enrollments.planner import identity, new_message, plan_next
from sequencer.sequences.enrollments.queries import (
    all_of_opportunities,
    count_due,
    open_of_account,
    open_of_contact,
    open_of_opportunities,
    opportunities_of_sequence,
    opportunities_under_way,
    share,
    timeline,
)
from sequencer.sequences.enrollments.rules import EnrollmentExitReason, EnrollmentPauseReason
from sequencer.sequences.enrollments.schemas import Enrollment, TimelineEntry
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences.versions import Pinned
from shared.batches import isolate_failures
from shared.errors import Conflict, NotFound
from shared.events.sequences import (
    EnrollmentEntry,
    EnrollmentExited,
    EnrollmentPaused,
    EnrollmentResumed,
    EnrollmentStarted,
    StepSkipped,
)
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork

__all__ = [
    "all_of_opportunities",
    "count_due",
    "open_of_account",
    "open_of_contact",
    "open_of_opportunities",
    "opportunities_of_sequence",
    "opportunities_under_way",
    "share",
    "timeline",
]

_WORKSPACES_AT_ONCE = 50
_TRIED_WHEN_CHANGED = frozenset(
    {"cannot_render", "no_mailbox", "sender_inactive", "bad_address", "failed"}
)
"""Reasons of held mails that a change of the record may have taken away."""
_BATCH = 100


class EnrollmentNotFound(NotFound):
    code = "enrollment_not_found"
    title = "No such enrollment"


class AlreadyExited(Conflict):
    code = "enrollment_exited"
    title = "The enrollment has exited"


async def get(uow: UnitOfWork, enrollment_id: UUID, *, lock: bool = False) -> Enrollment:
    enrollment = await queries.enrollment_by_id(uow, enrollment_id, lock=lock)
    if enrollment is None:
        raise EnrollmentNotFound("There is no enrollment with this id.")
    return enrollment


async def get_open(uow: UnitOfWork, enrollment_id: UUID) -> Enrollment:
    """Locked. Raises `AlreadyExited`."""
    enrollment = await get(uow, enrollment_id, lock=True)
    if enrollment.state == "exited":
        raise AlreadyExited(f"It exited: {enrollment.exit_reason}.")
    return enrollment


async def pending_messages(
    uow: UnitOfWork, enrollments: Sequence[Enrollment]
) -> dict[UUID, Message]:
    """The mail that each one waits for."""
    progress = await messages.progress(uow, [enrollment.id for enrollment in enrollments])
    return {key: found.open for key, found in progress.items() if found.open is not None}


async def start(
    uow: UnitOfWork,
    pinned: Pinned,
    *,
    opportunity_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    entry: EnrollmentEntry,
    floor: date | None,
    anchor: date,
    earlier: Collection[UUID] = (),
) -> Enrollment | None:
    """Not planned yet: `plan` does that for many at once. `earlier` are enrollments of the record
    in the same sequence, whose steps are not sent again.

    None when the record is in this sequence already, whoever was faster.
    """
    new = queries.NewEnrollment(
        id=new_id(),
        sequence_id=pinned.sequence_id,
        sequence_version=pinned.number,
        opportunity_id=opportunity_id,
        account_id=account_id,
        contact_id=contact_id,
        entry=entry,
        floor_on=floor,
        anchor_on=anchor,
        entered_at=await uow.now(),
    )
    enrollment = await queries.insert_enrollment(uow, new)
    if enrollment is None:
        return None
    await add_to_timeline(uow, enrollment, "entered", entry=entry, sequence_version=pinned.number)
    uow.publish(EnrollmentStarted(**identity(enrollment), entry=entry))
    sent = await messages.steps_sent_in(uow, earlier)
    for step_id in set().union(*sent.values()):
        await pass_over(uow, enrollment, pinned, step_id, "already_sent")
    return enrollment


async def plan(uow: UnitOfWork, enrollments: Sequence[Enrollment]) -> None:
    """Decide what comes next in these; they are active and locked.

    Whoever plans first after a date has moved takes note of it, for planning forgets the old date.
    """
    contexts = await load_enrollment_contexts(uow, enrollments)
    moved = [context for context in contexts if context.date_has_moved]
    for context in moved:
        await _date_moved(uow, context)
    await plan_next(uow, await load_enrollment_contexts(uow, enrollments) if moved else contexts)


async def plan_each(uow: UnitOfWork, enrollments: Sequence[Enrollment]) -> None:
    """Like `plan`, each at its own risk: one that cannot be planned is looked at again later."""

    async def put_away(enrollment: Enrollment, error: Exception) -> None:
        await queries.change_enrollment(uow, enrollment.id, {"next_due_at": None})
        await queue.quarantine(uow, enrollment.opportunity_id, error)

    await isolate_failures(uow, enrollments, partial(plan, uow), put_away)


async def stop_each(
    uow: UnitOfWork,
    enrollments: Sequence[Enrollment],
    stop: Callable[[Enrollment], Awaitable[object]],
) -> None:
    """`stop` each at its own risk. One where that fails is paused at least, so that nothing leaves,
    and shown to a person.
    """

    async def some(batch: Sequence[Enrollment]) -> None:
        for enrollment in batch:
            await stop(enrollment)

    async def put_away(enrollment: Enrollment, error: Exception) -> None:
        if enrollment.state != "exited":
            await queries.change_enrollment(
                uow,
                enrollment.id,
                {"state": "paused", "pause_reason": "failed", "next_due_at": None},
            )
            await add_to_timeline(uow, enrollment, "paused", reason="failed")
            uow.publish(EnrollmentPaused(**identity(enrollment), reason="failed"))
        await queue.quarantine(uow, enrollment.opportunity_id, error)

    await isolate_failures(uow, enrollments, some, put_away)


async def add_to_timeline(
    uow: UnitOfWork, enrollment: Enrollment, kind: str, **detail: Any
) -> None:
    """A line of its timeline."""
    line = TimelineEntry(new_id(), enrollment.id, kind, detail, await uow.now())
    await queries.insert_timeline(uow, [line])


async def exit_enrollment(
    uow: UnitOfWork,
    enrollment: Enrollment,
    reason: EnrollmentExitReason,
    *,
    note: str | None = None,
) -> Enrollment:
    """Nothing more is sent; a mail that is being handed over right now is reported as such."""
    await stop_waiting(uow, enrollment, f"exited_{reason}")
    ended = await queries.change_enrollment(
        uow,
        enrollment.id,
        {
            "state": "exited",
            "exit_reason": reason,
            "pause_reason": None,
            "exited_at": await uow.now(),
            "next_step_id": None,
            "next_due_at": None,
        },
    )
    await add_to_timeline(
        uow, enrollment, "exited", reason=reason, **({"note": note} if note else {})
    )
    uow.publish(EnrollmentExited(**identity(enrollment), reason=reason))
    await queue.enqueue(uow, [enrollment.opportunity_id])
    return ended


async def pause(
    uow: UnitOfWork,
    enrollment: Enrollment,
    reason: EnrollmentPauseReason,
    *,
    note: str | None = None,
) -> Enrollment:
    """An enrollment that completed may be paused too: its last mail bounced, so it goes on."""
    await stop_waiting(uow, enrollment, f"paused_{reason}")
    paused = await queries.change_enrollment(
        uow,
        enrollment.id,
        {
            "state": "paused",
            "pause_reason": reason,
            "exit_reason": None,
            "exited_at": None,
            "next_due_at": None,
        },
    )
    await add_to_timeline(
        uow, enrollment, "paused", reason=reason, **({"note": note} if note else {})
    )
    uow.publish(EnrollmentPaused(**identity(enrollment), reason=reason))
    await queue.enqueue(uow, [enrollment.opportunity_id])
    return paused


async def resume(uow: UnitOfWork, enrollment: Enrollment) -> Enrollment:
    """Go on at the step that failed, within the send conditions."""
    active = await reopen(uow, enrollment)
    await messages.plan_again_bounced(uow, enrollment.id)
    await plan(uow, [active])
    await queue.enqueue(uow, [enrollment.opportunity_id])
    return active


async def reopen(uow: UnitOfWork, enrollment: Enrollment) -> Enrollment:
    """It is active again, and not planned yet. One that completed may be: its last mail turned out
    to have reached nobody.
    """
    active = await queries.change_enrollment(
        uow,
        enrollment.id,
        {"state": "active", "pause_reason": None, "exit_reason": None, "exited_at": None},
    )
    await add_to_timeline(uow, enrollment, "resumed")
    uow.publish(EnrollmentResumed(**identity(active)))
    return active


async def pass_over(
    uow: UnitOfWork, enrollment: Enrollment, pinned: Pinned, step_id: UUID, reason: str
) -> None:
    """A step of the pinned version that has no mail yet never gets one."""
    if step_id not in {step.id for step in pinned.definition.steps}:
        return
    now = await uow.now()
    await messages.add(uow, [new_message(enrollment, pinned, step_id, "skipped", now, reason)])
    await record_skip(uow, enrollment, pinned, step_id, reason)


async def record_skip(
    uow: UnitOfWork, enrollment: Enrollment, pinned: Pinned, step_id: UUID, reason: str
) -> None:
    title = pinned.step(step_id).title
    await add_to_timeline(uow, enrollment, "step_skipped", step_title=title, reason=reason)
    uow.publish(
        StepSkipped(**identity(enrollment), step_id=step_id, step_title=title, reason=reason)
    )


async def stop_waiting(uow: UnitOfWork, enrollment: Enrollment, reason: str) -> None:
    """The mail it waits for does not go; one that is under way does."""
    waiting = (await pending_messages(uow, [enrollment])).get(enrollment.id)
    if waiting is not None:
        await messages.cancel(uow, waiting, reason)


async def _date_moved(uow: UnitOfWork, context: EnrollmentContext) -> None:
    """Plan again what is unsent: steps that were passed over may lie ahead again."""
    enrollment, opportunity = context.enrollment, context.opportunity
    after = opportunity.contract_expiration if opportunity else None
    await add_to_timeline(
        uow,
        enrollment,
        "date_moved",
        before=enrollment.anchor_on.isoformat() if enrollment.anchor_on else None,
        after=after.isoformat() if after else None,
    )
    await messages.plan_again_skipped(uow, enrollment.id)


async def follow_account(uow: UnitOfWork, context: EnrollmentContext) -> Enrollment:
    """The opportunity may have moved to another account, as after a merge."""
    enrollment, opportunity = context.enrollment, context.opportunity
    if opportunity is None or opportunity.account_id in {None, enrollment.account_id}:
        return enrollment
    return await queries.change_enrollment(
        uow, enrollment.id, {"account_id": opportunity.account_id}
    )


async def try_held(uow: UnitOfWork, context: EnrollmentContext) -> None:
    """Something about the record changed: what a template or a sender lacked may be there now."""
    waiting = context.progress.open
    if waiting is not None and waiting.reason in _TRIED_WHEN_CHANGED:
        await messages.release(uow, waiting.id)


async def change_contact(uow: UnitOfWork, enrollment: Enrollment, contact_id: UUID) -> Enrollment:
    """Whom it writes to from now on; what is under way stays."""
    changed = await queries.change_enrollment(uow, enrollment.id, {"contact_id": contact_id})
    await add_to_timeline(
        uow,
        enrollment,
        "contact_replaced",
        before=str(enrollment.contact_id),
        after=str(contact_id),
    )
    return changed


async def replace_merged_contact(uow: UnitOfWork, gone: UUID, heir: UUID) -> None:
    """Two contacts were merged: what was meant for one goes to the other."""

    async def replace(enrollment: Enrollment) -> None:
        await change_contact(uow, enrollment, heir)

    await stop_each(uow, await open_of_contact(uow, gone), replace)


async def workspaces_with_due_enrollments(service: Service) -> list[UUID]:
    async with service.units.across_workspaces() as scope:
        return await queries.workspaces_with_due_enrollments(scope, _WORKSPACES_AT_ONCE)


async def plan_due(uow: UnitOfWork) -> int:
    """Put the mails of due steps into the ledger. How many enrollments were due."""
    due = await queries.due_enrollments(uow, _BATCH)
    await plan_each(uow, due)
    return len(due)
