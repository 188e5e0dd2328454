"""What `/v1/status` says of the work of a workspace."""

from sequencer.mail.messages import service as messages
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from sequencer.usages import service as usages
from shared.uow import UnitOfWork


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    """Rows that a worker should take now, or that a person should."""
    return {
        "due_opportunities": await queue.count_due(uow),
        "due_enrollments": await enrollments.count_due(uow),
        "enrollments_without_sender": await usages.count_without_sender(uow),
        **await messages.count_waiting(uow),
    }


async def held_work(uow: UnitOfWork) -> dict[str, int]:
    """What failed for itself alone, by kind. A task says why of each."""
    return {
        "held_messages": await messages.count_held(uow),
        "quarantined_opportunities": await queue.count_quarantined(uow),
        "unreadable_sequences": await sequences.count_unreadable(uow),
    }
