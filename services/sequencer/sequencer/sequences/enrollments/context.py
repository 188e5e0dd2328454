"""Everything that decides over an enrollment, read together for many of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Progress
from sequencer.mail.suppressions import service as suppressions
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Contact, Opportunity, Zones, zones_of
from sequencer.sequences.enrollments.rules import EnrollmentFacts, Reach
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.planning.rules import Plan
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.versions import Pinned, plan_of
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class EnrollmentContext:
    enrollment: Enrollment
    pinned: Pinned
    opportunity: Opportunity | None
    account: Account | None
    contact: Contact | None
    reach: Reach
    in_audience: bool
    in_account_segment: bool
    zones: Zones
    progress: Progress

    @property
    def plan(self) -> Plan | None:
        """None without a date to count from."""
        if self.opportunity is None or self.opportunity.contract_expiration is None:
            return None
        return plan_of(
            self.pinned.definition,
            self.opportunity.contract_expiration,
            self.zones.wall,
            self.zones.all,
            country=self.account.country if self.account else None,
            floor=self.enrollment.floor_on,
        )

    @property
    def date_has_moved(self) -> bool:
        """Since the enrollment was planned last."""
        known = self.opportunity.contract_expiration if self.opportunity else None
        return known != self.enrollment.anchor_on

    @property
    def facts(self) -> EnrollmentFacts:
        plan = self.plan
        opportunity, account = self.opportunity, self.account
        return EnrollmentFacts(
            entry=self.enrollment.entry,
            sequence_archived=self.pinned.state == "archived",
            opportunity_exists=opportunity is not None
            and not opportunity.deleted
            and account is not None
            and not account.deleted,
            is_closed=opportunity is not None and opportunity.is_closed,
            lifecycle_status=account.lifecycle_status if account else "",
            in_audience=self.in_audience,
            in_account_segment=self.in_account_segment,
            send_deadline=plan.send_deadline if plan else None,
            reach=self.reach,
        )


async def load_enrollment_contexts(
    uow: UnitOfWork, enrollments: Sequence[Enrollment]
) -> list[EnrollmentContext]:
    """In the order given."""
    if not enrollments:
        return []
    pinned = await sequences.pinned(
        uow, {(one.sequence_id, one.sequence_version) for one in enrollments}
    )
    opportunities = await records.opportunities(uow, {one.opportunity_id for one in enrollments})
    accounts = await records.accounts(
        uow, {found.account_id for found in opportunities.values() if found.account_id}
    )
    contacts = await records.contacts(uow, {one.contact_id for one in enrollments})
    links = await records.links_of(uow, contacts)
    suppressed = await suppressions.reasons(
        uow, {contact.address for contact in contacts.values() if contact.address}
    )
    inside = await _memberships(uow, pinned.values(), opportunities.values())
    progress = await messages.progress(uow, [one.id for one in enrollments])
    zone = await uow.zone()
    found = []
    for one in enrollments:
        version = sequences.one_of(pinned, one.sequence_id, one.sequence_version)
        opportunity = opportunities.get(one.opportunity_id)
        account_id = opportunity.account_id if opportunity else None
        account = accounts.get(account_id) if account_id else None
        contact = contacts.get(one.contact_id)
        audience = version.definition.audience_segment_id
        accounts_segment = version.definition.account_segment_id
        found.append(
            EnrollmentContext(
                enrollment=one,
                pinned=version,
                opportunity=opportunity,
                account=account,
                contact=contact,
                reach=reach_of(contact, account_id, links, suppressed),
                in_audience=audience is None or (audience, one.opportunity_id) in inside,
                in_account_segment=accounts_segment is None
                or (accounts_segment, account_id) in inside,
                zones=zones_of(contact, account, zone),
                progress=progress[one.id],
            )
        )
    return found


def reach_of(
    contact: Contact | None,
    account_id: UUID | None,
    links: set[tuple[UUID, UUID]],
    suppressed: dict[str, str],
) -> Reach:
    known = (
        contact is not None
        and not contact.deleted
        and not contact.deactivated
        and contact.address is not None
        and (contact.id, account_id) in links
    )
    return Reach(
        known=known,
        email_status=contact.email_status if contact else "ok",
        suppressed_for=suppressed.get(contact.address or "") if contact else None,
    )


async def _memberships(
    uow: UnitOfWork, versions: Iterable[Pinned], opportunities: Iterable[Opportunity]
) -> set[tuple[UUID, UUID | None]]:
    """Segment and record, for opportunities and their accounts alike."""
    segments = {
        segment
        for version in versions
        for segment in (
            version.definition.audience_segment_id,
            version.definition.account_segment_id,
        )
        if segment is not None
    }
    wanted: set[UUID] = set()
    for opportunity in opportunities:
        wanted.add(opportunity.id)
        if opportunity.account_id:
            wanted.add(opportunity.account_id)
    return set(await records.memberships(uow, segments, wanted))
