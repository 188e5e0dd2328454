"""What decides whether the mail of an enrollment may leave, and what it says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sequencer.mail.mailboxes.senders import SenderChoice
from sequencer.mail.messages.schemas import Message
from sequencer.mail.origins.protocols import Caps, Content, Postponement, Refusal
from sequencer.mail.send_windows.rules import Window
from sequencer.mail.templates.service import record_variables
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Contact, Lock, Zones
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import EnrollmentContext, load_enrollment_contexts
from sequencer.sequences.enrollments.rules import UNREACHABLE, UNWANTED, Exit, obstacle
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.planning.rules import next_move
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.versions import Pinned, window_of
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class EnrollmentMail:
    """One mail of an enrollment: its send conditions and its content."""

    message: Message
    context: EnrollmentContext

    @property
    def contact(self) -> Contact | None:
        return self.context.contact

    @property
    def variables(self) -> Mapping[str, Any] | None:
        contact, account, opportunity = (
            self.context.contact,
            self.context.account,
            self.context.opportunity,
        )
        if contact is None or account is None or opportunity is None:
            return None
        return record_variables(contact=contact, account=account, opportunity=opportunity)

    @property
    def records(self) -> Mapping[str, UUID]:
        found = {
            "contact": self.context.contact,
            "account": self.context.account,
            "opportunity": self.context.opportunity,
        }
        return {name: record.id for name, record in found.items() if record is not None}

    @property
    def content(self) -> Content:
        pinned = self.context.pinned
        step = pinned.step(self.message.step_id)
        return Content(step.subject, step.text, step.html, pinned.definition.reply_to)

    @property
    def caps(self) -> Caps:
        caps = self.context.pinned.definition.caps
        return Caps(caps.contact_per_day, caps.mailbox_per_day)

    @property
    def window(self) -> Window:
        pinned, account = self.context.pinned, self.context.account
        step = pinned.step(self.message.step_id)
        country = account.country if account else None
        return window_of(
            step.send_window or pinned.definition.send_window, country, self.context.calendar
        )

    @property
    def zones(self) -> Zones:
        return self.context.zones

    @property
    def deadline(self) -> date | None:
        opportunity = self.context.opportunity
        return opportunity.contract_expiration if opportunity else None

    def refusal(self, now: datetime) -> Refusal | None:
        enrollment = self.context.enrollment
        if enrollment.state != "active":
            return Refusal("cancelled", f"enrollment_{enrollment.state}", reevaluate=False)
        if enrollment.contact_id != self.message.contact_id:
            return Refusal("cancelled", "contact_replaced")
        stop = obstacle(self.context.facts, now)
        if stop is None:
            return None
        # What this means for the enrollment is decided in `entry`, by the same rule.
        if stop == Exit("contract_expired"):
            return Refusal("expired", stop.reason)
        if stop.reason in UNWANTED | UNREACHABLE:
            return Refusal("suppressed", stop.reason)
        return Refusal("cancelled", stop.reason)

    def postponement(self, now: datetime) -> Postponement | None:
        """A mail that a later step overtook is put off until the enrollment is planned anew."""
        plan, progress = self.context.plan, self.context.progress
        if plan is None:
            return None
        handled = progress.handled - {self.message.step_id}
        move = next_move(plan, handled, now, progress.last_sent_at)
        if move.step_id != self.message.step_id or move.at is None:
            return Postponement(plan.expires_at, reevaluate=True)
        return Postponement(move.at) if move.at > now else None


@dataclass(frozen=True, slots=True)
class LockedEnrollments:
    """Mails whose enrollments are locked, with their opportunities, accounts and contacts."""

    messages: Mapping[UUID, Message]
    enrollments: Mapping[UUID, Enrollment]
    """By mail, like the accounts."""
    accounts: Mapping[UUID, Account | None]

    @property
    def ids(self) -> Collection[UUID]:
        return self.messages.keys()

    async def senders(self, uow: UnitOfWork) -> dict[UUID, SenderChoice]:
        pinned = await sequences.pinned(
            uow,
            {(each.sequence_id, each.sequence_version) for each in self.enrollments.values()},
        )
        return {
            message_id: _sender_of(pinned, enrollment, self.accounts[message_id])
            for message_id, enrollment in self.enrollments.items()
        }

    async def conditions(
        self, uow: UnitOfWork, ids: Collection[UUID]
    ) -> dict[UUID, EnrollmentMail]:
        contexts = await load_enrollment_contexts(uow, [self.enrollments[each] for each in ids])
        return {
            each: EnrollmentMail(self.messages[each], context)
            for each, context in zip(ids, contexts, strict=True)
        }


def _sender_of(
    pinned: Mapping[tuple[UUID, int], Pinned], enrollment: Enrollment, account: Account | None
) -> SenderChoice:
    version = sequences.one_of(pinned, enrollment.sequence_id, enrollment.sequence_version)
    sender = version.definition.sender
    return SenderChoice.of(sender.mailbox_id, sender.key_role, account)


async def lock_mails(
    uow: UnitOfWork, mails: Sequence[Message], *, contacts: Lock
) -> LockedEnrollments:
    """`hold` locks a contact together with everybody who has the same address."""
    record_set = await records.with_accounts(
        uow, {mail.opportunity_id for mail in mails}, lock="share"
    )
    people = {mail.contact_id for mail in mails}
    if contacts == "hold":
        locked = await records.hold_mailboxes_of(uow, people)
    else:
        locked = await records.contacts(uow, people, lock=contacts)
    shared = await enrollments.share(uow, {mail.enrollment_id for mail in mails})
    complete: dict[UUID, Message] = {}
    account_of: dict[UUID, Account | None] = {}
    for mail in mails:
        opportunity = record_set.opportunities.get(mail.opportunity_id)
        if opportunity is None or mail.contact_id not in locked or mail.enrollment_id not in shared:
            continue
        account = record_set.account_of(opportunity.id)
        # A mail of an opportunity without an account is refused like any other.
        if account is not None or opportunity.account_id is None:
            complete[mail.id], account_of[mail.id] = mail, account
    return LockedEnrollments(
        complete, {key: shared[mail.enrollment_id] for key, mail in complete.items()}, account_of
    )
