"""What stands in a record's way, published once when it comes up and once when it is gone."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sequencer.replica.service import reason_of_rank
from sequencer.sequences.enrollments.rules import UNREACHABLE
from sequencer.sequences.entry import queries
from sequencer.sequences.entry.context import EntryContext
from sequencer.sequences.entry.queries import Block
from sequencer.sequences.sequences.versions import Pinned
from shared.events.sequences import (
    AVAILABLE_ACTIONS,
    AvailableAction,
    BlockCause,
    Candidate,
    EnrollmentBlocked,
    EnrollmentUnblocked,
)
from shared.uow import UnitOfWork

_NEEDS_A_CONTACT = UNREACHABLE | {"no_product_admin"}
_MOST_CANDIDATES = 10


class Blocks:
    """The blocks of some records as they stand in this transaction.

    Several sequences may be blocked by one cause. Others hear of the cause once, and that it is
    gone when it is gone for all.
    """

    def __init__(self, uow: UnitOfWork, standing: Iterable[Block]) -> None:
        self._uow = uow
        self._standing = {(one.sequence_id, one.opportunity_id, one.cause): one for one in standing}

    @classmethod
    async def of(cls, uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> "Blocks":
        found = await queries.blocks_of(uow, opportunity_ids)
        return cls(uow, found)

    def causes(self, sequence_id: UUID, opportunity_id: UUID) -> set[str]:
        return {
            one.cause
            for one in self._standing.values()
            if one.sequence_id == sequence_id and one.opportunity_id == opportunity_id
        }

    def sequences_of(self, opportunity_id: UUID) -> set[UUID]:
        return {
            one.sequence_id
            for one in self._standing.values()
            if one.opportunity_id == opportunity_id
        }

    async def become(
        self,
        context: EntryContext,
        pinned: Pinned,
        opportunity_id: UUID,
        wanted: Collection[BlockCause],
        *,
        enrollment_id: UUID | None = None,
        contact_id: UUID | None = None,
    ) -> None:
        """Exactly `wanted` stands between the record and the sequence from now on."""
        for cause in self.causes(pinned.sequence_id, opportunity_id) - set(wanted):
            await self._clear(pinned.sequence_id, opportunity_id, cause)
        for cause in wanted:
            available_actions = (
                context.available_actions(pinned, opportunity_id)
                if cause == "manual_entry_required"
                else []
            )
            block = Block(
                pinned.sequence_id,
                opportunity_id,
                cause,
                enrollment_id,
                ",".join(available_actions),
            )
            await self._raise(context, pinned, block, cause, contact_id)

    async def clear(self, sequence_id: UUID, opportunity_id: UUID) -> None:
        for cause in self.causes(sequence_id, opportunity_id):
            await self._clear(sequence_id, opportunity_id, cause)

    async def _raise(
        self,
        context: EntryContext,
        pinned: Pinned,
        block: Block,
        cause: BlockCause,
        contact_id: UUID | None,
    ) -> None:
        key = (block.sequence_id, block.opportunity_id, block.cause)
        standing = self._standing.get(key)
        if standing is not None and standing.available_actions == block.available_actions:
            return
        known = standing is None and self._is_known(block.opportunity_id, cause)
        if not await queries.put_block(self._uow, block, context.now):
            return
        self._standing[key] = block
        if not known:
            self._uow.publish(blocked_event(context, pinned, block, cause, contact_id))

    async def _clear(self, sequence_id: UUID, opportunity_id: UUID, cause: str) -> None:
        block = self._standing.pop((sequence_id, opportunity_id, cause))
        gone = await queries.remove_block(self._uow, block)
        if gone and not self._is_known(opportunity_id, cause):
            self._uow.publish(
                EnrollmentUnblocked.model_validate(
                    {"cause": cause, "sequence_id": sequence_id, "opportunity_id": opportunity_id}
                )
            )

    def _is_known(self, opportunity_id: UUID, cause: str) -> bool:
        return any(
            one.opportunity_id == opportunity_id and one.cause == cause
            for one in self._standing.values()
        )


def blocked_event(
    context: EntryContext, pinned: Pinned, block: Block, cause: BlockCause, contact_id: UUID | None
) -> EnrollmentBlocked:
    opportunity = context.records.opportunities[block.opportunity_id]
    account = context.records.account_of(block.opportunity_id)
    tasks = pinned.definition.tasks
    return EnrollmentBlocked(
        cause=cause,
        sequence_id=pinned.sequence_id,
        sequence_title=pinned.title,
        enrollment_id=block.enrollment_id,
        opportunity_id=opportunity.id,
        opportunity_name=opportunity.name,
        account_id=account.id if account else None,
        account_name=account.name if account else None,
        contact_id=contact_id,
        candidates=_candidates(context, pinned, block.opportunity_id, contact_id)
        if cause in _NEEDS_A_CONTACT
        else [],
        assignee_key_role=tasks.assignee_key_role,
        due_business_days=tasks.due_business_days,
        available_actions=available_actions_of(block),
        warnings=[one.message for one in context.warnings(pinned, block.opportunity_id)],
    )


def available_actions_of(block: Block) -> list[AvailableAction]:
    stored = block.available_actions.split(",")
    return [action for action in AVAILABLE_ACTIONS if action in stored]


def _candidates(
    context: EntryContext, pinned: Pinned, opportunity_id: UUID, besides: UUID | None
) -> list[Candidate]:
    """Who could be written to instead, best first."""
    trait = pinned.definition.contact_selector.trait
    return [
        Candidate(
            contact_id=one.contact.id,
            name=one.contact.name,
            email=one.contact.email or "",
            reason=reason_of_rank(person, trait),
        )
        for person, one, choice in context.ranked(pinned, opportunity_id)
        if choice.reach.problem is None and one.contact.id != besides
    ][:_MOST_CANDIDATES]
