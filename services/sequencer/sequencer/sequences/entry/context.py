"""Everything that decides over the entry of some records, read together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.messages import service as messages
from sequencer.mail.send_windows.rules import local_day, reckonable, send_deadline, start_of_day
from sequencer.mail.suppressions import service as suppressions
from sequencer.mail.suppressions.rows import StandingSuppression
from sequencer.mail.templates.service import web_url
from sequencer.replica import service as records
from sequencer.replica.rules import Person
from sequencer.replica.schemas import AccountContact, RecordSet, Zones, zones_of
from sequencer.replica.service import ranked_contacts
from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.enrollments.context import reach_of
from sequencer.sequences.enrollments.rules import Entry, Reach
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.entry.rules import Choice, EntryFacts, best_choice
from sequencer.sequences.planning.rules import next_move
from sequencer.sequences.sequences.versions import Pinned, plan_of, segments_of
from sequencer.sequences.sequences.warnings import SequenceWarning, warnings_of, who_left
from shared.events.sequences import AvailableAction
from shared.uow import UnitOfWork

Ranked = tuple[Person, AccountContact, Choice]


@dataclass(frozen=True, slots=True)
class EntryContext:
    now: datetime
    zone: ZoneInfo
    records: RecordSet
    contacts: dict[UUID, list[AccountContact]]
    """By account."""
    suppressed: Mapping[str, StandingSuppression]
    inside: set[tuple[UUID, UUID]]
    """Segment and record."""
    enrollments: dict[UUID, list[Enrollment]]
    """All of each record's, oldest first."""
    sent: dict[UUID, set[UUID]]
    """Steps that were sent, by enrollment."""
    gone: set[UUID]
    """Members who have left and still hold a key role of one of the accounts."""

    def ranked(self, pinned: Pinned, opportunity_id: UUID) -> list[Ranked]:
        """The account's contacts, best first, each with whether it can be written to."""
        account = self.records.account_of(opportunity_id)
        if account is None:
            return []
        trait = pinned.definition.contact_selector.trait
        people = self.contacts.get(account.id, [])
        return [
            (person, one, Choice(person.id, person.chosen_by_trait, self._reach(one)))
            for person, one in ranked_contacts(people, trait)
        ]

    def _reach(self, one: AccountContact) -> Reach:
        links = {(one.contact.id, one.account_id)}
        return reach_of(one.contact, one.account_id, links, self.suppressed)

    def zones(self, pinned: Pinned, opportunity_id: UUID, contact_id: UUID | None = None) -> Zones:
        """With the contact who would be written to."""
        ranked = self.ranked(pinned, opportunity_id)
        wanted = contact_id or best_choice([choice for _, _, choice in ranked])
        contact = next((one.contact for _, one, _ in ranked if one.contact.id == wanted), None)
        return zones_of(contact, self.records.account_of(opportunity_id), self.zone)

    def send_deadline(self, pinned: Pinned, opportunity_id: UUID) -> datetime | None:
        expiration = self._expiration(opportunity_id)
        return send_deadline(expiration, self.zones(pinned, opportunity_id).all)

    def latest_day(self, pinned: Pinned, opportunity_id: UUID) -> date | None:
        """The last day on which the record enters by itself."""
        expiration = self._expiration(opportunity_id)
        return reckonable(expiration) + pinned.first_day + pinned.grace if expiration else None

    def _expiration(self, opportunity_id: UUID) -> date | None:
        opportunity = self.records.opportunities.get(opportunity_id)
        return opportunity.contract_expiration if opportunity else None

    def today(self, pinned: Pinned, opportunity_id: UUID) -> date:
        return local_day(self.now, self.zones(pinned, opportunity_id).wall)

    def earlier(self, pinned: Pinned, opportunity_id: UUID) -> list[Enrollment]:
        return [
            one
            for one in self.enrollments.get(opportunity_id, [])
            if one.sequence_id == pinned.sequence_id
        ]

    def in_audience(self, pinned: Pinned, opportunity_id: UUID) -> bool:
        audience = pinned.definition.audience_segment_id
        return audience is not None and (audience, opportunity_id) in self.inside

    def steps_left(
        self, pinned: Pinned, opportunity_id: UUID, *, floor: date | None = None
    ) -> Literal["some", "none", "all_sent"]:
        """Whether a mail of the sequence could still leave, steps before the floor aside."""
        plan = plan_of(
            pinned.definition,
            self.records.opportunities.get(opportunity_id),
            self.records.account_of(opportunity_id),
            self.zones(pinned, opportunity_id),
            floor=floor,
        )
        if plan is None:
            return "some"
        sent = {
            step
            for one in self.earlier(pinned, opportunity_id)
            for step in self.sent.get(one.id, ())
        }
        if next_move(plan, sent, self.now).step_id is not None:
            return "some"
        return "none" if any(step.id not in sent for step in plan.steps) else "all_sent"

    def available_actions(self, pinned: Pinned, opportunity_id: UUID) -> list[AvailableAction]:
        """What a person can do about a record that does not enter by itself."""
        today = self.today(pinned, opportunity_id)
        found: list[AvailableAction] = []
        if self.steps_left(pinned, opportunity_id, floor=today) == "some":
            found.append("enroll")
        if self.steps_left(pinned, opportunity_id) == "some":
            found.append("send_now")
        return [*found, "call"]

    def warnings(self, pinned: Pinned, opportunity_id: UUID) -> list[SequenceWarning]:
        return warnings_of(pinned.definition, self.records.account_of(opportunity_id), self.gone)

    def facts(
        self, pinned: Pinned, opportunity_id: UUID, entry: Entry, *, send_now: bool = False
    ) -> EntryFacts:
        """By hand steps of past days are passed over, unless the last of them is to go now."""
        today = self.today(pinned, opportunity_id)
        floor = today if entry == "manual" and not send_now else None
        opportunity = self.records.opportunities.get(opportunity_id)
        account = self.records.account_of(opportunity_id)
        earlier = self.earlier(pinned, opportunity_id)
        return EntryFacts(
            entry=entry,
            sequence_enabled=pinned.state == "enabled",
            has_audience=pinned.definition.audience_segment_id is not None,
            in_audience=self.in_audience(pinned, opportunity_id),
            in_account_segment=pinned.takes_account(account, self.inside),
            enrolled=any(one.state != "exited" for one in earlier),
            last_exit=earlier[-1].exit_reason if earlier else None,
            opportunity_exists=opportunity is not None and not opportunity.deleted,
            is_closed=opportunity is not None and opportunity.is_closed,
            account_known=account is not None and not account.deleted,
            lifecycle_status=account.lifecycle_status if account else "",
            send_deadline=self.send_deadline(pinned, opportunity_id),
            latest_day=self.latest_day(pinned, opportunity_id),
            today=today,
            steps_left=self.steps_left(pinned, opportunity_id, floor=floor),
            has_deal_room=not pinned.definition.entry.require_deal_room
            or (opportunity is not None and web_url(opportunity.deal_room_url) is not None),
            choices=[choice for _, _, choice in self.ranked(pinned, opportunity_id)],
        )

    def suppression_ends_at(self, opportunity_id: UUID) -> datetime | None:
        """When a contact of the account can be written to again, by time alone."""
        account = self.records.account_of(opportunity_id)
        people = self.contacts.get(account.id, []) if account else []
        found = (self.suppressed.get(one.contact.address or "") for one in people)
        return min((each.expires_at for each in found if each and each.expires_at), default=None)

    def next_flip(self, pinned: Pinned, opportunity_id: UUID) -> datetime | None:
        """When time alone may change the verdict next."""
        deadline = self.send_deadline(pinned, opportunity_id)
        latest = self.latest_day(pinned, opportunity_id)
        if deadline is None or latest is None:
            return None
        wall = self.zones(pinned, opportunity_id).wall
        # Days after which it does not enter by itself, and by hand would enter for nothing.
        days = (latest, latest - pinned.grace - pinned.first_day + pinned.last_day)
        flips = [*(start_of_day(day + timedelta(days=1), wall) for day in days), deadline]
        return min((flip for flip in flips if flip > self.now), default=None)


async def load_entry_context(
    uow: UnitOfWork, opportunity_ids: Collection[UUID], sequences: Collection[Pinned]
) -> EntryContext:
    found = await records.with_accounts(uow, opportunity_ids)
    contacts = await records.contacts_by_account(uow, found.accounts)
    addresses = {one.contact.address for people in contacts.values() for one in people}
    earlier: dict[UUID, list[Enrollment]] = {}
    for each in await enrollments.all_of_opportunities(uow, opportunity_ids):
        earlier.setdefault(each.opportunity_id, []).append(each)
    exited = [each.id for some in earlier.values() for each in some if each.state == "exited"]
    return EntryContext(
        now=await uow.now(),
        zone=await uow.zone(),
        records=found,
        contacts=contacts,
        suppressed=await suppressions.standing(uow, addresses),
        inside=await records.memberships(uow, segments_of(sequences), found),
        enrollments=earlier,
        gone=await who_left(uow, found.accounts.values()),
        sent=await messages.steps_sent_in(uow, exited),
    )
