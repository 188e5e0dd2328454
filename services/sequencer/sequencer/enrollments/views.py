"""An enrollment as clients see it."""

from typing import Any

from sequencer.enrollments import service
from sequencer.enrollments.schemas import Enrollment
from sequencer.messages.schemas import Message
from shared.uow import UnitOfWork

_FIELDS = (
    "id",
    "version",
    "sequence_id",
    "sequence_version",
    "account_id",
    "contact_id",
    "entry",
    "state",
    "pause_reason",
    "end_reason",
    "next_step_id",
    "next_due_at",
    "entered_at",
    "ended_at",
    "created_at",
    "updated_at",
)


def shown_with(enrollment: Enrollment, waiting: Message | None) -> dict[str, Any]:
    in_flight = waiting is not None and waiting.state == "dispatching"
    return {
        **{name: getattr(enrollment, name) for name in _FIELDS},
        "opportunity_id": enrollment.record_id,
        "in_flight_message_id": waiting.id if waiting and in_flight else None,
        "waiting_message_id": waiting.id if waiting else None,
    }


async def shown(uow: UnitOfWork, enrollment: Enrollment) -> dict[str, Any]:
    waiting = await service.waiting_messages(uow, [enrollment])
    return shown_with(enrollment, waiting.get(enrollment.id))
