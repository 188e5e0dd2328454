"""Writes down what happens next in many enrollments at once, in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.messages.rules import MessageState
from sequencer.mail.messages.schemas import Message, NewMessage
from sequencer.sequences.enrollments import queries
from sequencer.sequences.enrollments.context import EnrollmentContext
from sequencer.sequences.enrollments.schemas import Enrollment, TimelineEntry
from sequencer.sequences.planning.rules import Skip, next_move
from sequencer.sequences.sequences.versions import Pinned
from shared.events.base import Event
from shared.events.sequences import EnrollmentExited, StepSkipped
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass
class _Drafts:
    """What a round of planning will write."""

    now: datetime
    mails: list[NewMessage] = field(default_factory=list)
    overtaken: list[tuple[Message, str]] = field(default_factory=list)
    withdrawn: list[Message] = field(default_factory=list)
    moved: list[tuple[Message, datetime]] = field(default_factory=list)
    plans: list[queries.NextStep] = field(default_factory=list)
    lines: list[TimelineEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def plan(
        self,
        context: EnrollmentContext,
        step_id: UUID | None,
        due_at: datetime | None,
        *,
        completed: bool = False,
    ) -> None:
        opportunity = context.opportunity
        anchor = opportunity.contract_expiration if opportunity else None
        plan = queries.NextStep(context.enrollment.id, step_id, due_at, anchor)
        if completed:
            plan = replace(plan, state="exited", exit_reason="completed", exited_at=self.now)
        self.plans.append(plan)

    def add_to_timeline(self, enrollment: Enrollment, kind: str, **detail: Any) -> None:
        self.lines.append(TimelineEntry(new_id(), enrollment.id, kind, detail, self.now))


async def plan_next(uow: UnitOfWork, contexts: Sequence[EnrollmentContext]) -> None:
    """For active enrollments that are locked: skip what passed, put into the ledger what is due,
    note when to look again, end what is through.
    """
    drafts = _Drafts(await uow.now())
    for context in contexts:
        _decide(context, drafts)
    for message, reason in drafts.overtaken:
        await messages.end_unsent(uow, message, "skipped", reason)
    for message in drafts.withdrawn:
        await messages.cancel(uow, message, "planned_again")
    for message, at in drafts.moved:
        await messages.reschedule(uow, message.id, at)
    await messages.add(uow, drafts.mails)
    if drafts.plans:
        await queries.write_plans(uow, drafts.plans)
    if drafts.lines:
        await queries.insert_timeline(uow, drafts.lines)
    uow.publish(*drafts.events)


def _decide(context: EnrollmentContext, drafts: _Drafts) -> None:
    waiting = context.progress.open
    plan = context.plan
    if plan is None:
        drafts.plan(context, None, None)
        return
    if waiting is not None and waiting.state != "scheduled":
        drafts.plan(context, waiting.step_id, None)
        return
    handled = context.progress.handled - ({waiting.step_id} if waiting else set())
    move = next_move(plan, handled, drafts.now, context.progress.last_sent_at)
    for skip in move.skips:
        _skip(context, skip, drafts)
    if move.step_id is None or move.at is None:
        _finish(context, drafts)
    elif waiting is not None and waiting.step_id == move.step_id:
        if move.at != waiting.due_at and move.at > drafts.now:
            drafts.moved.append((waiting, move.at))
        drafts.plan(context, move.step_id, None)
    else:
        if waiting is not None and waiting.step_id not in {s.step_id for s in move.skips}:
            drafts.withdrawn.append(waiting)
        is_due = move.at <= drafts.now
        if is_due:
            drafts.mails.append(
                new_message(context.enrollment, context.pinned, move.step_id, "scheduled", move.at)
            )
        drafts.plan(context, move.step_id, None if is_due else move.at)


def _skip(context: EnrollmentContext, skip: Skip, drafts: _Drafts) -> None:
    enrollment = context.enrollment
    waiting = context.progress.open
    if waiting is not None and waiting.step_id == skip.step_id:
        drafts.overtaken.append((waiting, skip.reason))
    else:
        row = new_message(
            context.enrollment, context.pinned, skip.step_id, "skipped", skip.due_at, skip.reason
        )
        drafts.mails.append(row)
    title = context.pinned.step(skip.step_id).title
    drafts.add_to_timeline(enrollment, "step_skipped", step_title=title, reason=skip.reason)
    drafts.events.append(
        StepSkipped(
            **identity(enrollment), step_id=skip.step_id, step_title=title, reason=skip.reason
        )
    )


def _finish(context: EnrollmentContext, drafts: _Drafts) -> None:
    drafts.plan(context, None, None, completed=True)
    drafts.add_to_timeline(context.enrollment, "exited", reason="completed")
    drafts.events.append(EnrollmentExited(**identity(context.enrollment), reason="completed"))


def new_message(
    enrollment: Enrollment,
    pinned: Pinned,
    step_id: UUID,
    state: MessageState,
    due_at: datetime,
    reason: str | None = None,
) -> NewMessage:
    return NewMessage(
        id=new_id(),
        enrollment_id=enrollment.id,
        sequence_id=pinned.sequence_id,
        sequence_title=pinned.title,
        step_id=step_id,
        step_title=pinned.step(step_id).title,
        opportunity_id=enrollment.opportunity_id,
        account_id=enrollment.account_id,
        contact_id=enrollment.contact_id,
        state=state,
        due_at=due_at,
        reason=reason,
    )


def identity(enrollment: Enrollment) -> dict[str, Any]:
    """What every event about an enrollment carries."""
    return {
        "enrollment_id": enrollment.id,
        "sequence_id": enrollment.sequence_id,
        "opportunity_id": enrollment.opportunity_id,
        "account_id": enrollment.account_id,
        "contact_id": enrollment.contact_id,
    }
