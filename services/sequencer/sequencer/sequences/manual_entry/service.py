"""What a person does to let an opportunity enter, and what they learn beforehand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry import service as entries
from sequencer.sequences.entry.blocks import Blocks
from sequencer.sequences.entry.context import EntryCase, load_entry_context
from sequencer.sequences.entry.rules import Gate, best_choice, gates, verdict
from sequencer.sequences.manual_entry.schemas import EnrollIn
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.service import SequenceNotFound
from sequencer.sequences.sequences.versions import Pinned
from shared.errors import Conflict, invalid
from shared.events.sequences import BlockCause, EnrollmentEntry
from shared.uow import UnitOfWork


class CannotEnroll(Conflict):
    code = "cannot_enroll"
    title = "The record cannot enter this sequence"


class AlreadyEnrolled(Conflict):
    code = "already_enrolled"
    title = "The record is in this sequence already"


class NoStepLeft(Conflict):
    """Refused, and yet somebody must do something: the task is made, or stays, all the same."""

    code = "no_step_left"
    title = "No step is left before the expiration"
    keeps_work = True


class ContractExpired(Conflict):
    """Refused, and yet somebody must know: the task is made all the same."""

    code = "contract_expired"
    title = "The contract has expired"
    keeps_work = True


async def enroll(uow: UnitOfWork, data: EnrollIn) -> Enrollment:
    """By hand. Raises `AlreadyEnrolled`, `CannotEnroll`, or with a task made `ContractExpired` or
    `NoStepLeft`.
    """
    sequence_id = await sequences.KEYS.named(uow, data.sequence_id, "/sequence_id")
    try:
        pinned = await sequences.published(uow, sequence_id)
    except SequenceNotFound as error:
        message = "There is no sequence with this id."
        raise invalid("/sequence_id", "unknown_sequence", message) from error
    case = await _load_case(uow, pinned, data.opportunity_id, "/opportunity_id")
    verdicts = gates(case.facts("manual", send_now=data.send_now, let_in=True), case.now)
    if any(gate.name == "not_enrolled" and not gate.passed for gate in verdicts):
        raise AlreadyEnrolled("It is under way in this sequence.")
    if data.contact_id is not None:
        _must_be_writable(case, data.contact_id)
        verdicts = [gate for gate in verdicts if gate.name != "contact"]
    may_enter, causes = verdict(verdicts)
    if not may_enter:
        await _refuse(uow, case, verdicts, causes)
    enrollment = await entries.enter(uow, case, "manual", data.contact_id, send_now=data.send_now)
    if enrollment is None:
        raise AlreadyEnrolled("It entered in this moment.")
    await entries.withdraw_requests(uow, data.opportunity_id, sequence_id)
    await enrollments.plan(uow, [enrollment])
    await queue.enqueue(uow, [data.opportunity_id])
    return await enrollments.get(uow, enrollment.id)


async def _load_case(
    uow: UnitOfWork, pinned: Pinned, opportunity_id: UUID, pointer: str
) -> EntryCase:
    """Raises `Invalid`."""
    context = await load_entry_context(uow, [opportunity_id], [pinned])
    if opportunity_id not in context.records.opportunities:
        raise invalid(pointer, "unknown_opportunity", "There is no opportunity with this id.")
    return context.case(pinned, opportunity_id)


def _must_be_writable(case: EntryCase, contact_id: UUID) -> None:
    """Raises `Invalid`. A person may name any contact of the account who can be written to."""
    choice = next((each for each in case.choices if each.contact_id == contact_id), None)
    if choice is None:
        message = "The contact does not belong to this account."
        raise invalid("/contact_id", "not_of_account", message)
    if choice.reach.problem is not None:
        raise invalid("/contact_id", choice.reach.problem, "This contact cannot be written to.")


async def _refuse(
    uow: UnitOfWork, case: EntryCase, verdicts: Sequence[Gate], causes: Sequence[BlockCause]
) -> None:
    failed = [
        {"name": gate.name, "detail": gate.detail, "cause": gate.cause}
        for gate in verdicts
        if not gate.passed
    ]
    if "contract_expired" in causes:
        blocks = await Blocks.of(uow, [case.opportunity.id])
        await blocks.become(case, ["contract_expired"])
        raise ContractExpired(
            "Nothing is sent on or after the expiration. There is a task for it.", gates=failed
        )
    if list(causes) == ["manual_entry_required"]:
        blocks = await Blocks.of(uow, [case.opportunity.id])
        await blocks.become(case, causes)
        raise NoStepLeft(
            "Send one mail now with `send_now`, where that is offered, or call. There is a task"
            " for it.",
            gates=failed,
            available_actions=case.available_actions,
        )
    raise CannotEnroll(
        " ".join(str(gate["detail"]) for gate in failed), gates=failed, causes=list(causes)
    )


async def eligibility(
    uow: UnitOfWork, sequence_id: UUID, opportunity_id: UUID, entry: EnrollmentEntry
) -> dict[str, Any]:
    pinned = await sequences.published(uow, sequence_id)
    case = await _load_case(uow, pinned, opportunity_id, "/query/opportunity_id")
    verdicts = gates(case.facts(entry, let_in=entry == "manual"), case.now)
    may_enter, causes = verdict(verdicts)
    best = best_choice(case.choices)
    return {
        "sequence_id": sequence_id,
        "opportunity_id": opportunity_id,
        "entry": entry,
        "eligible": may_enter,
        "causes": causes,
        "available_actions": case.available_actions,
        "send_deadline": case.send_deadline,
        "warnings": case.warnings,
        "gates": verdicts,
        "contacts": [
            {
                "contact_id": candidate.contact.id,
                "name": candidate.contact.name,
                "email": candidate.contact.email,
                "rank": rank,
                "reason": candidate.reason,
                "chosen": candidate.contact.id == best,
                "problem": candidate.reach.problem,
            }
            for rank, candidate in enumerate(case.contacts, 1)
        ],
    }
