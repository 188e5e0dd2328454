"""What a person does to let a record enter, and what they are told beforehand."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sequencer.replica.service import reason_of_rank
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.rules import Entry
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry import queries
from sequencer.sequences.entry.blocks import Blocks
from sequencer.sequences.entry.context import EntryContext, load_entry_context
from sequencer.sequences.entry.rules import Gate, best_choice, gates, verdict
from sequencer.sequences.entry.schemas import EnrollIn
from sequencer.sequences.entry.service import enter
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.service import SequenceNotFound
from sequencer.sequences.sequences.versions import Pinned
from shared.errors import Conflict, invalid
from shared.events.sequences import BlockCause
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
    try:
        pinned = await sequences.published(uow, data.sequence_id)
    except SequenceNotFound as error:
        message = "There is no sequence with this id."
        raise invalid("/sequence_id", "unknown_sequence", message) from error
    context = await load_entry_context(uow, [data.opportunity_id], [pinned])
    if data.opportunity_id not in context.records.opportunities:
        raise invalid(
            "/opportunity_id", "unknown_opportunity", "There is no opportunity with this id."
        )
    facts = context.facts(pinned, data.opportunity_id, "manual", send_now=data.send_now)
    found = gates(facts, context.now)
    if any(gate.name == "not_enrolled" and not gate.passed for gate in found):
        raise AlreadyEnrolled("It is under way in this sequence.")
    if data.contact_id is not None:
        found = _for_contact(found, context, pinned, data)
    may_enter, causes = verdict(found)
    if not may_enter:
        await _refuse(uow, context, pinned, data.opportunity_id, found, causes)
    made = await enter(
        uow, context, pinned, data.opportunity_id, "manual", data.contact_id, send_now=data.send_now
    )
    if made is None:
        raise AlreadyEnrolled("It entered in this moment.")
    await queries.forget_requests(uow, data.opportunity_id, data.sequence_id)
    await enrollments.plan(uow, [made])
    await queue.enqueue(uow, [data.opportunity_id])
    return await enrollments.get(uow, made.id)


def _for_contact(
    found: list[Gate], context: EntryContext, pinned: Pinned, data: EnrollIn
) -> list[Gate]:
    """A person may name any contact of the account who can be written to."""
    choices = [choice for _, _, choice in context.ranked(pinned, data.opportunity_id)]
    wanted = next((one for one in choices if one.contact_id == data.contact_id), None)
    if wanted is None:
        raise invalid(
            "/contact_id", "not_of_account", "The contact does not belong to this account."
        )
    if wanted.reach.problem is not None:
        raise invalid("/contact_id", wanted.reach.problem, "This contact cannot be written to.")
    return [gate for gate in found if gate.name != "contact"]


async def _refuse(
    uow: UnitOfWork,
    context: EntryContext,
    pinned: Pinned,
    opportunity_id: UUID,
    found: Sequence[Gate],
    causes: Sequence[BlockCause],
) -> None:
    failed = [
        {"name": gate.name, "detail": gate.detail, "cause": gate.cause}
        for gate in found
        if not gate.passed
    ]
    if "contract_expired" in causes:
        blocks = await Blocks.of(uow, [opportunity_id])
        await blocks.become(context, pinned, opportunity_id, ["contract_expired"])
        raise ContractExpired(
            "Nothing is sent on or after the expiration. There is a task for it.", gates=failed
        )
    if list(causes) == ["manual_entry_required"]:
        blocks = await Blocks.of(uow, [opportunity_id])
        await blocks.become(context, pinned, opportunity_id, causes)
        raise NoStepLeft(
            "Send one mail now with `send_now`, where that is offered, or call. There is a task"
            " for it.",
            gates=failed,
            available_actions=context.available_actions(pinned, opportunity_id),
        )
    raise CannotEnroll(
        " ".join(str(gate["detail"]) for gate in failed), gates=failed, causes=list(causes)
    )


async def eligibility(
    uow: UnitOfWork, sequence_id: UUID, opportunity_id: UUID, entry: Entry
) -> dict[str, Any]:
    pinned = await sequences.published(uow, sequence_id)
    context = await load_entry_context(uow, [opportunity_id], [pinned])
    if opportunity_id not in context.records.opportunities:
        raise invalid(
            "/query/opportunity_id", "unknown_opportunity", "There is no such opportunity."
        )
    found = gates(context.facts(pinned, opportunity_id, entry), context.now)
    may_enter, causes = verdict(found)
    ranked = context.ranked(pinned, opportunity_id)
    best = best_choice([choice for _, _, choice in ranked])
    trait = pinned.definition.contact_selector.trait
    return {
        "sequence_id": sequence_id,
        "opportunity_id": opportunity_id,
        "entry": entry,
        "eligible": may_enter,
        "causes": causes,
        "available_actions": context.available_actions(pinned, opportunity_id),
        "send_deadline": context.send_deadline(pinned, opportunity_id),
        "warnings": context.warnings(pinned, opportunity_id),
        "gates": found,
        "contacts": [
            {
                "contact_id": one.contact.id,
                "name": one.contact.name,
                "email": one.contact.email,
                "rank": rank,
                "reason": reason_of_rank(person, trait),
                "chosen": one.contact.id == best,
                "problem": choice.reach.problem,
            }
            for rank, (person, one, choice) in enumerate(ranked, 1)
        ],
    }
