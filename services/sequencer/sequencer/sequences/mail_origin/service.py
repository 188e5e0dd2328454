"""What mail asks of enrollments, and what becomes of one when something happens to its mail."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import ExitReason, ReplyRouting
from sequencer.replica import service as records
from sequencer.replica.schemas import Lock
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.planner import identity
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.mail_origin.conditions import LockedEnrollments, lock_mails
from sequencer.sequences.reevaluation_queue import service as queue
from sequencer.sequences.sequences import service as sequences
from shared.events.base import Cause
from shared.uow import UnitOfWork

_NOTIFIED_BY_DEFAULT = "csm"
"""Who learns of a reply when the version that says so cannot be read any more."""


@dataclass(frozen=True, slots=True)
class EnrollmentOrigin:
    """One enrollment, for its mails."""

    enrollment: Enrollment

    @property
    def account_id(self) -> UUID | None:
        return self.enrollment.account_id

    @property
    def stopped(self) -> str | None:
        state = self.enrollment.state
        return None if state == "active" else f"enrollment_{state}"

    @property
    def awaits_reply(self) -> bool:
        """True while it goes on, and once all its mails were sent. One that was stopped is
        somebody's business already, and what its contact writes afterwards is a conversation.
        """
        return self.enrollment.state != "exited" or self.enrollment.exit_reason == "completed"

    @property
    def event_fields(self) -> dict[str, Any]:
        return identity(self.enrollment)

    async def add_to_timeline(self, uow: UnitOfWork, kind: str, **detail: Any) -> None:
        await enrollments.add_to_timeline(uow, self.enrollment, kind, **detail)

    async def replies(self, uow: UnitOfWork) -> Collection[str | None]:
        lines = await enrollments.timeline(uow, self.enrollment.id)
        return {line.detail.get("internet_message_id") for line in lines if line.kind == "replied"}

    async def reply_routing(self, uow: UnitOfWork) -> ReplyRouting:
        key = (self.enrollment.sequence_id, self.enrollment.sequence_version)
        version = (await sequences.pinned(uow, [key])).get(key)
        if version is None:
            return ReplyRouting(None, _NOTIFIED_BY_DEFAULT)
        return ReplyRouting(version.definition.reply_to, version.definition.notify_key_role)

    async def plan_next(self, uow: UnitOfWork) -> None:
        if self.enrollment.state == "active":
            await enrollments.plan_each(uow, [self.enrollment])

    async def hard_bounced(self, uow: UnitOfWork, message: Message) -> None:
        """Pause at this step: another contact is asked for."""
        if await self._sends_again(uow, message):
            await enrollments.stop_each(
                uow,
                [self.enrollment],
                lambda enrollment: enrollments.pause(uow, enrollment, "contact_bounced"),
            )

    async def soft_bounced(self, uow: UnitOfWork, message: Message) -> None:
        """Plan the step again, for another day."""
        if not await self._sends_again(uow, message):
            return
        enrollment = self.enrollment
        if enrollment.state == "exited":
            enrollment = await enrollments.reopen(uow, enrollment)
        await messages.plan_again_bounced(uow, enrollment.id)
        await enrollments.plan_each(uow, [enrollment])

    async def _sends_again(self, uow: UnitOfWork, message: Message) -> bool:
        """Also after it completed: its last mail reached nobody. Not when it writes to somebody
        else by now, ended for another reason, or the record has entered the sequence again since.
        """
        enrollment = self.enrollment
        if enrollment.contact_id != message.contact_id:
            return False
        if enrollment.state == "active":
            return True
        if enrollment.state == "paused" or enrollment.exit_reason != "completed":
            return False
        others = await enrollments.all_of_opportunities(uow, [enrollment.opportunity_id])
        return not any(
            other.state != "exited" and other.sequence_id == enrollment.sequence_id
            for other in others
        )

    async def exit(self, uow: UnitOfWork, reason: ExitReason) -> None:
        if self.enrollment.state != "exited":
            await _exit_each(uow, [self.enrollment], reason)


class EnrollmentOrigins:
    """All enrollments, for all mails."""

    def cause_of(self, message: Message) -> tuple[Cause, ...]:
        return (
            Cause(type="sequence", id=str(message.sequence_id), label=message.sequence_title),
            Cause(type="enrollment", id=str(message.enrollment_id)),
            Cause(type="step", id=str(message.step_id), label=message.step_title),
        )

    async def get(
        self, uow: UnitOfWork, message: Message, *, lock: bool = False
    ) -> EnrollmentOrigin:
        return EnrollmentOrigin(await enrollments.get(uow, message.enrollment_id, lock=lock))

    async def lock(
        self, uow: UnitOfWork, mails: Sequence[Message], *, contacts: Lock
    ) -> LockedEnrollments:
        return await lock_mails(uow, mails, contacts=contacts)

    async def reevaluate(self, uow: UnitOfWork, message: Message) -> None:
        await queue.enqueue(uow, [message.opportunity_id])

    async def reevaluate_contacts(self, uow: UnitOfWork, contact_ids: Collection[UUID]) -> None:
        await queue.enqueue(uow, await records.opportunities_of_contacts(uow, contact_ids))

    async def exit_all_of_account(
        self, uow: UnitOfWork, account_id: UUID, reason: ExitReason
    ) -> None:
        await _exit_each(uow, await enrollments.open_of_account(uow, account_id), reason)

    async def exit_all_of_contacts(
        self, uow: UnitOfWork, contact_ids: Collection[UUID], reason: ExitReason
    ) -> None:
        going = [
            enrollment
            for contact_id in contact_ids
            for enrollment in await enrollments.open_of_contact(uow, contact_id)
        ]
        await _exit_each(uow, going, reason)


async def _exit_each(uow: UnitOfWork, going: Sequence[Enrollment], reason: ExitReason) -> None:
    await enrollments.stop_each(
        uow, going, lambda enrollment: enrollments.exit_enrollment(uow, enrollment, reason)
    )
