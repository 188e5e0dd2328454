"""An enrollment from its start to its end. Everyone locks the enrollment before its messages."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sequencer.agenda import service as agenda
from sequencer.enrollments import queries
from sequencer.enrollments.planner import identity, plan_next
from sequencer.enrollments.rules import EndReason, Entry, PauseReason
from sequencer.enrollments.schemas import Enrollment, Line
from sequencer.enrollments.situations import Situation, reach_of, situations_of
from sequencer.messages import service as messages
from sequencer.messages.schemas import Message, NewMessage
from sequencer.records import service as records
from sequencer.sequences.versions import Pinned
from sequencer.suppressions import service as suppressions
from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.events.sequences import (
    EnrollmentExited,
    EnrollmentPaused,
    EnrollmentResumed,
    EnrollmentStarted,
    StepSkipped,
)
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork

_WORKSPACES_AT_ONCE = 50
_BATCH = 100


class EnrollmentNotFound(NotFound):
    code = "enrollment_not_found"
    title = "No such enrollment"


class EnrollmentEnded(Conflict):
    code = "enrollment_ended"
    title = "The enrollment has ended"


class NotPaused(Conflict):
    code = "enrollment_not_paused"
    title = "The enrollment is not paused"


class StepHandled(Conflict):
    code = "step_handled"
    title = "This step is done, or under way"


async def get(uow: UnitOfWork, enrollment_id: UUID, *, lock: bool = False) -> Enrollment:
    found = await queries.enrollment_by_id(uow.session, uow.workspace_id, enrollment_id, lock=lock)
    if found is None:
        raise EnrollmentNotFound("There is no enrollment with this id.")
    return found


async def get_open(uow: UnitOfWork, enrollment_id: UUID) -> Enrollment:
    """Locked. Raises `EnrollmentEnded`."""
    found = await get(uow, enrollment_id, lock=True)
    if found.state == "ended":
        raise EnrollmentEnded(f"It ended: {found.end_reason}.")
    return found


async def page(
    uow: UnitOfWork, *, filters: dict[str, Any], after_id: UUID | None, limit: int
) -> list[Enrollment]:
    return await queries.enrollments_page(
        uow.session, uow.workspace_id, filters=filters, after_id=after_id, limit=limit
    )


async def waiting_messages(
    uow: UnitOfWork, enrollments: Sequence[Enrollment]
) -> dict[UUID, Message]:
    """The mail that each one waits for."""
    progress = await messages.progress(uow, [one.id for one in enrollments])
    return {key: found.open for key, found in progress.items() if found.open is not None}


async def timeline(uow: UnitOfWork, enrollment_id: UUID) -> list[Line]:
    return await queries.timeline(uow.session, uow.workspace_id, enrollment_id)


async def share(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Enrollment]:
    """Kept as they are until the transaction ends; those being changed right now are left out."""
    return await queries.share(uow.session, uow.workspace_id, ids)


async def open_of_records(uow: UnitOfWork, record_ids: Collection[UUID]) -> list[Enrollment]:
    """Locked; one that someone else is changing is left out."""
    return await queries.open_of_records(uow.session, uow.workspace_id, record_ids)


async def all_of_records(uow: UnitOfWork, record_ids: Collection[UUID]) -> list[Enrollment]:
    return await queries.all_of_records(uow.session, uow.workspace_id, record_ids)


async def open_of_account(uow: UnitOfWork, account_id: UUID) -> list[Enrollment]:
    return await queries.open_where(uow.session, uow.workspace_id, "account_id", account_id)


async def open_of_contact(uow: UnitOfWork, contact_id: UUID) -> list[Enrollment]:
    return await queries.open_where(uow.session, uow.workspace_id, "contact_id", contact_id)


async def records_of_sequence(uow: UnitOfWork, sequence_id: UUID) -> list[UUID]:
    return await queries.records_of_sequence(uow.session, uow.workspace_id, sequence_id)


async def start(
    uow: UnitOfWork,
    pinned: Pinned,
    *,
    record_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    entry: Entry,
    floor: date | None,
    anchor: date,
    earlier: Collection[UUID] = (),
) -> Enrollment | None:
    """Not planned yet: `plan` does that for many at once. `earlier` are enrollments of the record
    in the same sequence, whose steps are not sent again.

    None when the record is in this sequence already, whoever was faster.
    """
    made = await queries.start(
        uow.session,
        uow.workspace_id,
        {
            "id": new_id(),
            "sequence_id": pinned.sequence_id,
            "sequence_version": pinned.number,
            "record_id": record_id,
            "account_id": account_id,
            "contact_id": contact_id,
            "entry": entry,
            "floor_on": floor,
            "anchor_on": anchor,
            "entered_at": await uow.now(),
        },
    )
    if made is None:
        return None
    await tell(uow, made, "entered", entry=entry, sequence_version=pinned.number)
    uow.publish(EnrollmentStarted(**identity(made), entry=entry))
    for step_id in await messages.steps_sent_in(uow, earlier):
        await _pass_over(uow, made, pinned, step_id, "already_sent")
    return made


async def plan(uow: UnitOfWork, enrollments: Sequence[Enrollment]) -> None:
    """Decide what comes next in these; they are active and locked."""
    await plan_next(uow, await situations_of(uow, enrollments))


async def tell(uow: UnitOfWork, enrollment: Enrollment, kind: str, **detail: Any) -> None:
    """A line of its timeline."""
    line = Line(new_id(), enrollment.id, kind, detail, await uow.now())
    await queries.tell(uow.session, uow.workspace_id, [line])


async def end(
    uow: UnitOfWork, enrollment: Enrollment, reason: EndReason, *, note: str | None = None
) -> Enrollment:
    """Nothing more is sent; a mail that is being handed over right now is reported as such."""
    await _stop_waiting(uow, enrollment, f"ended_{reason}")
    ended = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        enrollment.id,
        {
            "state": "ended",
            "end_reason": reason,
            "pause_reason": None,
            "ended_at": await uow.now(),
            "next_step_id": None,
            "next_due_at": None,
        },
    )
    await tell(uow, enrollment, "ended", reason=reason, **({"note": note} if note else {}))
    uow.publish(EnrollmentExited(**identity(enrollment), reason=reason))
    await agenda.look_again(uow, [enrollment.record_id])
    return ended


async def pause(
    uow: UnitOfWork, enrollment: Enrollment, reason: PauseReason, *, note: str | None = None
) -> Enrollment:
    """An enrollment that completed may be paused too: its last mail bounced, so it goes on."""
    await _stop_waiting(uow, enrollment, f"paused_{reason}")
    paused = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        enrollment.id,
        {
            "state": "paused",
            "pause_reason": reason,
            "end_reason": None,
            "ended_at": None,
            "next_due_at": None,
        },
    )
    await tell(uow, enrollment, "paused", reason=reason, **({"note": note} if note else {}))
    uow.publish(EnrollmentPaused(**identity(enrollment), reason=reason))
    await agenda.look_again(uow, [enrollment.record_id])
    return paused


async def resume(uow: UnitOfWork, enrollment: Enrollment) -> Enrollment:
    """Go on at the step that failed, inside the laws."""
    active = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        enrollment.id,
        {"state": "active", "pause_reason": None},
    )
    await tell(uow, enrollment, "resumed")
    uow.publish(EnrollmentResumed(**identity(active)))
    await messages.plan_again_bounced(uow, enrollment.id)
    await plan(uow, [active])
    await agenda.look_again(uow, [enrollment.record_id])
    return active


async def reopen(uow: UnitOfWork, enrollment: Enrollment) -> Enrollment:
    """It completed, and then its last mail turned out to have reached nobody."""
    active = await queries.set_fields(
        uow.session,
        uow.workspace_id,
        enrollment.id,
        {"state": "active", "end_reason": None, "ended_at": None},
    )
    await tell(uow, enrollment, "resumed")
    uow.publish(EnrollmentResumed(**identity(active)))
    return active


async def resume_by_hand(uow: UnitOfWork, enrollment_id: UUID) -> Enrollment:
    enrollment = await get_open(uow, enrollment_id)
    if enrollment.state != "paused":
        raise NotPaused("Only a paused enrollment can be resumed.")
    return await resume(uow, enrollment)


async def choose_contact(uow: UnitOfWork, enrollment_id: UUID, contact_id: UUID) -> Enrollment:
    """Raises `Invalid` with every reason why this contact cannot be written to."""
    enrollment = await get_open(uow, enrollment_id)
    reasons = await _contact_faults(uow, enrollment, contact_id)
    if reasons:
        raise Invalid(
            "This contact cannot take over.",
            faults=[Fault("/contact_id", code, message) for code, message in reasons],
        )
    await _stop_waiting(uow, enrollment, "contact_replaced")
    changed = await queries.set_fields(
        uow.session, uow.workspace_id, enrollment.id, {"contact_id": contact_id}
    )
    await tell(
        uow,
        enrollment,
        "contact_replaced",
        before=str(enrollment.contact_id),
        after=str(contact_id),
    )
    if changed.state == "paused" and changed.pause_reason != "by_hand":
        return await resume(uow, changed)
    if changed.state == "active":
        await plan(uow, [changed])
    return changed


async def _contact_faults(
    uow: UnitOfWork, enrollment: Enrollment, contact_id: UUID
) -> list[tuple[str, str]]:
    contact = (await records.contacts(uow, [contact_id])).get(contact_id)
    if contact is None or contact.deleted:
        return [("unknown_contact", "There is no contact with this id.")]
    links = await records.links_of(uow, [contact_id])
    suppressed = await suppressions.reasons(uow, [contact.address] if contact.address else [])
    reach = reach_of(contact, enrollment.account_id, links, suppressed)
    found = []
    if (contact_id, enrollment.account_id) not in links:
        found.append(("not_of_account", "The contact does not belong to this account."))
    if contact.address is None:
        found.append(("no_email", "The contact has no mail address."))
    if contact.deactivated:
        found.append(("deactivated", "The contact is deactivated."))
    if reach.email_status != "ok":
        found.append((f"email_{reach.email_status}", f"The address is {reach.email_status}."))
    if reach.suppressed_for is not None:
        reason = reach.suppressed_for.replace("_", " ")
        found.append(("suppressed", f"The address is suppressed: {reason}."))
    return found


async def skip_step(uow: UnitOfWork, enrollment_id: UUID, step_id: UUID | None) -> Enrollment:
    """Raises `StepHandled`, or `Invalid` for a step that the pinned version does not have."""
    enrollment = await get_open(uow, enrollment_id)
    [situation] = await situations_of(uow, [enrollment])
    waiting = situation.progress.open
    wanted = step_id or enrollment.next_step_id
    known = {step.known_id for step in situation.pinned.definition.steps}
    if wanted is None or wanted not in known:
        message = "The pinned version of the sequence has no such step."
        raise Invalid(message, faults=[Fault("/step_id", "unknown_step", message)])
    if waiting is not None and waiting.step_id == wanted:
        if not await messages.end_unsent(uow, waiting.id, "skipped", "by_hand"):
            raise StepHandled("Its mail is being handed over, or its outcome is not known.")
        await _tell_skip(uow, enrollment, situation.pinned, wanted, "by_hand")
    elif wanted in situation.progress.handled:
        raise StepHandled("It was sent or skipped before.")
    else:
        await _pass_over(uow, enrollment, situation.pinned, wanted, "by_hand")
    if enrollment.state == "active":
        await plan(uow, [enrollment])
    return await get(uow, enrollment_id)


async def _pass_over(
    uow: UnitOfWork, enrollment: Enrollment, pinned: Pinned, step_id: UUID, reason: str
) -> None:
    known = {step.id: step for step in pinned.definition.steps}
    if step_id not in known:
        return
    row = NewMessage(
        id=new_id(),
        enrollment_id=enrollment.id,
        sequence_id=pinned.sequence_id,
        sequence_title=pinned.title,
        step_id=step_id,
        step_title=known[step_id].title,
        record_id=enrollment.record_id,
        account_id=enrollment.account_id,
        contact_id=enrollment.contact_id,
        state="skipped",
        due_at=await uow.now(),
        reason=reason,
    )
    await messages.add(uow, [row])
    await _tell_skip(uow, enrollment, pinned, step_id, reason)


async def _tell_skip(
    uow: UnitOfWork, enrollment: Enrollment, pinned: Pinned, step_id: UUID, reason: str
) -> None:
    title = pinned.step(step_id).title
    await tell(uow, enrollment, "step_skipped", step_title=title, reason=reason)
    uow.publish(
        StepSkipped(**identity(enrollment), step_id=step_id, step_title=title, reason=reason)
    )


async def _stop_waiting(uow: UnitOfWork, enrollment: Enrollment, reason: str) -> None:
    waiting = (await waiting_messages(uow, [enrollment])).get(enrollment.id)
    if waiting is not None:
        await messages.cancel(uow, waiting, reason)


async def date_moved(uow: UnitOfWork, situation: Situation) -> None:
    """Plan again what is unsent: steps that were passed over may lie ahead again."""
    enrollment, opportunity = situation.enrollment, situation.opportunity
    after = opportunity.contract_expiration if opportunity else None
    await tell(
        uow,
        enrollment,
        "date_moved",
        before=enrollment.anchor_on.isoformat() if enrollment.anchor_on else None,
        after=after.isoformat() if after else None,
    )
    await messages.plan_again_skipped(uow, enrollment.id)


async def go_on(uow: UnitOfWork, enrollment_ids: Collection[UUID]) -> None:
    """After one of their mails came to an end, plan what comes next. Locks them."""
    found = [await get(uow, each, lock=True) for each in sorted(enrollment_ids)]
    await plan(uow, [one for one in found if one.state == "active"])


async def replace_contact(uow: UnitOfWork, gone: UUID, heir: UUID) -> None:
    """Two contacts were merged: what was meant for one goes to the other."""
    for enrollment in await open_of_contact(uow, gone):
        changed = await queries.set_fields(
            uow.session, uow.workspace_id, enrollment.id, {"contact_id": heir}
        )
        await tell(uow, changed, "contact_replaced", before=str(gone), after=str(heir))


async def workspaces_with_due_enrollments(service: Service) -> list[UUID]:
    async with service.units.across_workspaces() as session:
        return await queries.workspaces_with_due_enrollments(session, _WORKSPACES_AT_ONCE)


async def take_due(uow: UnitOfWork) -> int:
    """Put the mails of due steps into the ledger. How many enrollments were due."""
    due = await queries.due_enrollments(uow.session, uow.workspace_id, await uow.now(), _BATCH)
    await plan(uow, due)
    return len(due)


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_due(uow.session, uow.workspace_id, await uow.now())
