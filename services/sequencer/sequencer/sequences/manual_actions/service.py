"""What a person does with an enrollment that no event would do."""

from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.suppressions import service as suppressions
from sequencer.replica import service as records
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import load_enrollment_contexts, reach_of
from sequencer.sequences.enrollments.rules import obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.reevaluation_queue import service as queue
from shared.errors import Conflict, Fault, Invalid
from shared.uow import UnitOfWork

_WHAT_HELPS = {
    "contact_bounced": "Mail to its contact came back: choose another one, or correct the address.",
    "contact_soft_bounced": "Mail to its contact came back several times, so its address is"
    " suppressed for a month: choose another contact, or lift the suppression.",
    "contact_suppressed": "A person put its contact's address among those that nothing is sent to:"
    " choose another contact, or lift the suppression.",
    "contact_gone": "Its contact cannot be written to any more: choose another one.",
    "expiration_missing": "The contract has no expiration. With one it goes on by itself.",
}


class NotPaused(Conflict):
    code = "enrollment_not_paused"
    title = "The enrollment is not paused"


class CannotResume(Conflict):
    code = "cannot_resume"
    title = "What stopped the enrollment still stands"


class StepHandled(Conflict):
    code = "step_handled"
    title = "This step is done, or under way"


async def resume(uow: UnitOfWork, enrollment_id: UUID) -> Enrollment:
    """Raises `NotPaused`, or `CannotResume`: going on would stop again at once."""
    enrollment = await enrollments.get_open(uow, enrollment_id)
    if enrollment.state != "paused":
        raise NotPaused("Only a paused enrollment can be resumed.")
    [context] = await load_enrollment_contexts(uow, [enrollment])
    stop = obstacle(context.facts, await uow.now())
    if stop is not None:
        detail = _WHAT_HELPS.get(stop.reason, f"It would exit: {stop.reason.replace('_', ' ')}.")
        raise CannotResume(detail, reason=stop.reason)
    return await enrollments.resume(uow, enrollment)


async def replace_contact(uow: UnitOfWork, enrollment_id: UUID, contact_id: UUID) -> Enrollment:
    """Raises `Invalid` with every reason why this contact cannot be written to."""
    enrollment = await enrollments.get_open(uow, enrollment_id)
    reasons = await _contact_faults(uow, enrollment, contact_id)
    if reasons:
        raise Invalid(
            "This contact cannot take over.",
            faults=[Fault("/contact_id", code, message) for code, message in reasons],
        )
    await enrollments.stop_waiting(uow, enrollment, "contact_replaced")
    changed = await enrollments.change_contact(uow, enrollment, contact_id)
    if changed.state == "paused" and changed.pause_reason != "manual":
        return await enrollments.resume(uow, changed)
    if changed.state == "active":
        await enrollments.plan(uow, [changed])
    await queue.enqueue(uow, [changed.opportunity_id])
    return changed


async def _contact_faults(
    uow: UnitOfWork, enrollment: Enrollment, contact_id: UUID
) -> list[tuple[str, str]]:
    contact = (await records.contacts(uow, [contact_id])).get(contact_id)
    if contact is None or contact.deleted:
        return [("unknown_contact", "There is no contact with this id.")]
    opportunity = (await records.opportunities(uow, [enrollment.opportunity_id]))[
        enrollment.opportunity_id
    ]
    links = await records.links_of(uow, [contact_id])
    suppressed = await suppressions.active(uow, [contact.address])
    reach = reach_of(contact, opportunity.account_id, links, suppressed)
    faults = []
    if (contact_id, opportunity.account_id) not in links:
        faults.append(("not_of_account", "The contact does not belong to this account."))
    if contact.address is None:
        faults.append(("no_email", "The contact has no mail address."))
    if contact.deactivated:
        faults.append(("deactivated", "The contact is deactivated."))
    if reach.email_status != "ok":
        faults.append((f"email_{reach.email_status}", f"The address is {reach.email_status}."))
    if reach.suppressed_for is not None:
        reason = reach.suppressed_for.replace("_", " ")
        faults.append(("suppressed", f"The address is suppressed: {reason}."))
    return faults


async def skip_step(uow: UnitOfWork, enrollment_id: UUID, step_id: UUID | None) -> Enrollment:
    """Raises `StepHandled`, or `Invalid` for a step that the pinned version does not have."""
    enrollment = await enrollments.get_open(uow, enrollment_id)
    [context] = await load_enrollment_contexts(uow, [enrollment])
    waiting = context.progress.open
    wanted = step_id or enrollment.next_step_id
    known = {step.known_id for step in context.pinned.definition.steps}
    if wanted is None or wanted not in known:
        message = "The pinned version of the sequence has no such step."
        raise Invalid(message, faults=[Fault("/step_id", "unknown_step", message)])
    if waiting is not None and waiting.step_id == wanted:
        if not await messages.end_unsent(uow, waiting, "skipped", "manual"):
            raise StepHandled("Its mail is being handed over, or its outcome is not known.")
        await enrollments.record_skip(uow, enrollment, context.pinned, wanted, "manual")
    elif wanted in context.progress.handled:
        raise StepHandled("It was sent or skipped before.")
    else:
        await enrollments.pass_over(uow, enrollment, context.pinned, wanted, "manual")
    if enrollment.state == "active":
        await enrollments.plan(uow, [enrollment])
    return await enrollments.get(uow, enrollment_id)
