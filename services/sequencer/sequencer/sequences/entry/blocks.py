"""What stands in an opportunity's way, published once when it comes up and once when it is gone."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sequencer.sequences.enrollments.rules import UNREACHABLE
from sequencer.sequences.entry import queries
from sequencer.sequences.entry.context import EntryCase
from sequencer.sequences.entry.queries import Block
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
    """The blocks of some opportunities as they stand in this transaction.

    Several sequences may be blocked by one cause. It is published once, and that it is gone when
    it is gone for all.
    """

    def __init__(self, uow: UnitOfWork, standing: Iterable[Block]) -> None:
        self._uow = uow
        self._standing = {
            (block.sequence_id, block.opportunity_id, block.cause): block for block in standing
        }

    @classmethod
    async def of(cls, uow: UnitOfWork, opportunity_ids: Collection[UUID]) -> "Blocks":
        return cls(uow, await queries.blocks_of(uow, opportunity_ids))

    def causes(self, sequence_id: UUID, opportunity_id: UUID) -> set[str]:
        place = (sequence_id, opportunity_id)
        return {cause for *where, cause in self._standing if tuple(where) == place}

    def sequences_of(self, opportunity_id: UUID) -> set[UUID]:
        return {
            sequence_id
            for sequence_id, blocked_id, _ in self._standing
            if blocked_id == opportunity_id
        }

    async def become(
        self,
        case: EntryCase,
        wanted: Collection[BlockCause],
        *,
        enrollment_id: UUID | None = None,
        contact_id: UUID | None = None,
    ) -> None:
        """Exactly `wanted` stands between the opportunity and the sequence from now on."""
        sequence_id, opportunity_id = case.pinned.sequence_id, case.opportunity.id
        for cause in self.causes(sequence_id, opportunity_id) - set(wanted):
            await self._clear(sequence_id, opportunity_id, cause)
        for cause in wanted:
            actions = case.available_actions if cause == "manual_entry_required" else []
            stored = ",".join(actions)
            block = Block(sequence_id, opportunity_id, cause, enrollment_id, stored)
            await self._raise(case, block, cause, contact_id)

    async def clear(self, sequence_id: UUID, opportunity_id: UUID) -> None:
        for cause in self.causes(sequence_id, opportunity_id):
            await self._clear(sequence_id, opportunity_id, cause)

    async def _raise(
        self, case: EntryCase, block: Block, cause: BlockCause, contact_id: UUID | None
    ) -> None:
        key = (block.sequence_id, block.opportunity_id, block.cause)
        standing = self._standing.get(key)
        if standing is not None and standing.available_actions == block.available_actions:
            return
        known = standing is None and self._is_known(block.opportunity_id, cause)
        if not await queries.put_block(self._uow, block, case.now):
            return
        self._standing[key] = block
        if not known:
            self._uow.publish(blocked_event(case, block, cause, contact_id))

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
            (block.opportunity_id, block.cause) == (opportunity_id, cause)
            for block in self._standing.values()
        )


def blocked_event(
    case: EntryCase, block: Block, cause: BlockCause, contact_id: UUID | None
) -> EnrollmentBlocked:
    opportunity, account, pinned = case.opportunity, case.account, case.pinned
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
        candidates=_candidates(case, contact_id) if cause in _NEEDS_A_CONTACT else [],
        assignee_key_role=tasks.assignee_key_role,
        due_business_days=tasks.due_business_days,
        available_actions=_actions_of(block),
        warnings=[warning.message for warning in case.warnings],
    )


def _actions_of(block: Block) -> list[AvailableAction]:
    stored = block.available_actions.split(",")
    return [action for action in AVAILABLE_ACTIONS if action in stored]


def _candidates(case: EntryCase, besides: UUID | None) -> list[Candidate]:
    """Who could be written to instead, best first."""
    return [
        Candidate(
            contact_id=candidate.contact.id,
            name=candidate.contact.name,
            email=candidate.contact.email or "",
            reason=candidate.reason,
        )
        for candidate in case.contacts
        if candidate.reach.problem is None and candidate.contact.id != besides
    ][:_MOST_CANDIDATES]
