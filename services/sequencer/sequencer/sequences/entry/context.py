"""Everything that decides over the entry of some opportunities, read together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.messages import service as messages
from sequencer.mail.send_windows.rules import local_day, reckonable, send_deadline, start_of_day
from sequencer.mail.suppressions import service as suppressions
from sequencer.mail.suppressions.rows import ActiveSuppression
from sequencer.mail.templates.service import web_url
from sequencer.replica import service as records
from sequencer.replica.schemas import (
    Account,
    AccountContact,
    Contact,
    Opportunity,
    RecordSet,
    Zones,
    zones_of,
)
from sequencer.replica.service import ranked_contacts, reason_of_rank
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import reach_of
from sequencer.sequences.enrollments.rules import Reach
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry.rules import Choice, EntryFacts, best_choice
from sequencer.sequences.planning.rules import next_move
from sequencer.sequences.quiet_entries import service as quiet_entries
from sequencer.sequences.quiet_entries.rows import QuietEntry
from sequencer.sequences.sequences.versions import Pinned, plan_of, segments_of
from sequencer.sequences.sequences.warnings import SequenceWarning, warnings_of, who_left
from shared.business_time import BusinessCalendar
from shared.calendars import calendar_of
from shared.events.sequences import AvailableAction, EnrollmentEntry
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class CandidateContact:
    """A contact of the account, and whether it can be written to."""

    contact: Contact
    has_trait: bool
    reason: str
    """Why it has its rank."""
    reach: Reach

    @property
    def choice(self) -> Choice:
        return Choice(self.contact.id, self.has_trait, self.reach)


@dataclass(frozen=True, slots=True)
class EntryCase:
    """What decides whether one opportunity enters one sequence."""

    now: datetime
    pinned: Pinned
    opportunity: Opportunity
    account: Account | None
    contacts: Sequence[CandidateContact]
    """Best to write to first."""
    zones: Zones
    """Those of the contact who would be written to."""
    calendar: BusinessCalendar
    """The workspace's."""
    enrollments: Sequence[Enrollment]
    """All of the opportunity in this sequence, oldest first."""
    sent: Collection[UUID]
    """Steps that were sent in them."""
    in_audience: bool
    in_account_segment: bool
    gone: Collection[UUID]
    """Members who have left and still hold a key role of the account."""
    held: QuietEntry | None
    """What came in quietly stands between them."""

    @property
    def choices(self) -> list[Choice]:
        return [candidate.choice for candidate in self.contacts]

    @property
    def today(self) -> date:
        return local_day(self.now, self.zones.wall)

    @property
    def send_deadline(self) -> datetime | None:
        return send_deadline(self.opportunity.contract_expiration, self.zones.all)

    @property
    def latest_day(self) -> date | None:
        """The last day on which the opportunity enters by itself."""
        expiration = self.opportunity.contract_expiration
        if expiration is None:
            return None
        return reckonable(expiration) + self.pinned.first_day + self.pinned.grace

    @property
    def warnings(self) -> list[SequenceWarning]:
        return warnings_of(self.pinned.definition, self.account, self.gone)

    @property
    def available_actions(self) -> list[AvailableAction]:
        """What a person can do about an opportunity that does not enter by itself."""
        actions: list[AvailableAction] = []
        if self.steps_left(floor=self.today) == "some":
            actions.append("enroll")
        if self.steps_left() == "some":
            actions.append("send_now")
        return [*actions, "call"]

    @property
    def next_change_at(self) -> datetime | None:
        """When time alone may change the verdict next."""
        deadline, latest = self.send_deadline, self.latest_day
        if deadline is None or latest is None:
            return None
        pinned, wall = self.pinned, self.zones.wall
        # Days after which it does not enter by itself, and by hand would enter for nothing.
        days = (latest, latest - pinned.grace - pinned.first_day + pinned.last_day)
        ends = [*(start_of_day(day + timedelta(days=1), wall) for day in days), deadline]
        return min((end for end in ends if end > self.now), default=None)

    def steps_left(self, *, floor: date | None = None) -> Literal["some", "none", "all_sent"]:
        """Whether a mail of the sequence could still leave, steps before the floor aside."""
        plan = plan_of(
            self.pinned.definition,
            self.opportunity,
            self.account,
            self.zones,
            self.calendar,
            floor=floor,
        )
        if plan is None or next_move(plan, self.sent, self.now).step_id is not None:
            return "some"
        return "none" if any(step.id not in self.sent for step in plan.steps) else "all_sent"

    @property
    def is_released(self) -> bool:
        """It came in quietly, and its turn has come."""
        return self.held is not None and self.held.is_due(self.now)

    def floor(self, entry: EnrollmentEntry, *, send_now: bool) -> date | None:
        """By hand and after a release steps of past days are passed over, unless the last of them
        is to go now.
        """
        by_decision = entry == "manual" or self.is_released
        return self.today if by_decision and not send_now else None

    def facts(
        self, entry: EnrollmentEntry, *, send_now: bool = False, let_in: bool = False
    ) -> EntryFacts:
        """`let_in`: as if a person let it in now, however quietly it came."""
        account, definition = self.account, self.pinned.definition
        return EntryFacts(
            entry=entry,
            is_held=self.held is not None and not self.is_released and not let_in,
            sequence_enabled=self.pinned.state == "enabled",
            has_audience=definition.audience_segment_id is not None,
            in_audience=self.in_audience,
            in_account_segment=self.in_account_segment,
            enrolled=any(enrollment.state != "exited" for enrollment in self.enrollments),
            last_exit=self.enrollments[-1].exit_reason if self.enrollments else None,
            opportunity_exists=not self.opportunity.deleted,
            is_closed=self.opportunity.is_closed,
            account_known=account is not None and not account.deleted,
            lifecycle_status=account.lifecycle_status if account else "",
            send_deadline=self.send_deadline,
            latest_day=self.latest_day,
            today=self.today,
            steps_left=self.steps_left(floor=self.floor(entry, send_now=send_now)),
            has_deal_room=not definition.entry.require_deal_room
            or web_url(self.opportunity.deal_room_url) is not None,
            choices=self.choices,
        )


@dataclass(frozen=True, slots=True)
class EntryContext:
    """What decides over the entry of several opportunities into several sequences."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar
    records: RecordSet
    contacts: Mapping[UUID, Sequence[AccountContact]]
    """By account."""
    suppressed: Mapping[str, ActiveSuppression]
    inside: Collection[tuple[UUID, UUID]]
    """Segment and record."""
    enrollments: Mapping[UUID, Sequence[Enrollment]]
    """All of each opportunity, oldest first."""
    sent: Mapping[UUID, Collection[UUID]]
    """Steps that were sent, by enrollment."""
    gone: Collection[UUID]
    """Members who have left and still hold a key role of one of the accounts."""
    held: Mapping[tuple[UUID, UUID], QuietEntry]
    """By sequence and opportunity."""

    def in_audience(self, pinned: Pinned, opportunity_id: UUID) -> bool:
        return (pinned.definition.audience_segment_id, opportunity_id) in self.inside

    def earlier(self, pinned: Pinned, opportunity_id: UUID) -> list[Enrollment]:
        return [
            enrollment
            for enrollment in self.enrollments.get(opportunity_id, ())
            if enrollment.sequence_id == pinned.sequence_id
        ]

    def case(self, pinned: Pinned, opportunity_id: UUID) -> EntryCase:
        account = self.records.account_of(opportunity_id)
        contacts = self._candidates(pinned, account)
        best = best_choice([candidate.choice for candidate in contacts])
        contact = next((each.contact for each in contacts if each.contact.id == best), None)
        earlier = self.earlier(pinned, opportunity_id)
        return EntryCase(
            now=self.now,
            pinned=pinned,
            opportunity=self.records.opportunities[opportunity_id],
            account=account,
            contacts=contacts,
            zones=zones_of(contact, account, self.zone),
            calendar=self.calendar,
            enrollments=earlier,
            sent={step for each in earlier for step in self.sent.get(each.id, ())},
            in_audience=self.in_audience(pinned, opportunity_id),
            in_account_segment=pinned.takes_account(account, self.inside),
            gone=self.gone,
            held=self.held.get((pinned.sequence_id, opportunity_id)),
        )

    def _candidates(self, pinned: Pinned, account: Account | None) -> list[CandidateContact]:
        trait = pinned.definition.contact_selector.trait
        return [
            CandidateContact(
                contact=part.contact,
                has_trait=person.chosen_by_trait,
                reason=reason_of_rank(person, trait),
                reach=reach_of(
                    part.contact,
                    part.account_id,
                    {(part.contact.id, part.account_id)},
                    self.suppressed,
                ),
            )
            for person, part in ranked_contacts(self._contacts_of(account), trait)
        ]

    def _contacts_of(self, account: Account | None) -> Sequence[AccountContact]:
        return self.contacts.get(account.id, ()) if account else ()

    def suppression_ends_at(self, opportunity_id: UUID) -> datetime | None:
        """When a contact of the account can be written to again, by time alone."""
        parts = self._contacts_of(self.records.account_of(opportunity_id))
        standing = (self.suppressed.get(part.contact.address or "") for part in parts)
        ends = (suppression.expires_at for suppression in standing if suppression)
        return min((end for end in ends if end), default=None)


async def load_entry_context(
    uow: UnitOfWork, opportunity_ids: Collection[UUID], sequences: Collection[Pinned]
) -> EntryContext:
    record_set = await records.with_accounts(uow, opportunity_ids)
    contacts = await records.contacts_by_account(uow, record_set.accounts)
    addresses = {part.contact.address for parts in contacts.values() for part in parts}
    earlier: dict[UUID, list[Enrollment]] = {}
    for enrollment in await enrollments.all_of_opportunities(uow, opportunity_ids):
        earlier.setdefault(enrollment.opportunity_id, []).append(enrollment)
    exited = [each.id for some in earlier.values() for each in some if each.state == "exited"]
    zone = await uow.zone()
    return EntryContext(
        now=await uow.now(),
        zone=zone,
        calendar=await calendar_of(uow, None, zone),
        records=record_set,
        contacts=contacts,
        suppressed=await suppressions.active(uow, addresses),
        inside=await records.memberships(uow, segments_of(sequences), record_set),
        enrollments=earlier,
        gone=await who_left(uow, record_set.accounts.values()),
        sent=await messages.steps_sent_in(uow, exited),
        held=await quiet_entries.standing(uow, opportunity_ids),
    )
