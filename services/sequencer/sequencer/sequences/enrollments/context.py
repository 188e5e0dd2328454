"""Everything that decides over an enrollment, read together for many of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sequencer.mail.messages import service as messages
from sequencer.mail.messages.schemas import Progress
from sequencer.mail.suppressions import service as suppressions
from sequencer.mail.suppressions.rows import ActiveSuppression
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Contact, Opportunity, Zones, zones_of
from sequencer.sequences.enrollments.rules import EnrollmentFacts, Reach
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.planning.rules import Plan
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.versions import Pinned, plan_of, segments_of
from shared.business_time import BusinessCalendar
from shared.calendars import calendar_of
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
    calendar: BusinessCalendar
    """The workspace's."""
    progress: Progress

    @property
    def plan(self) -> Plan | None:
        return plan_of(
            self.pinned.definition,
            self.opportunity,
            self.account,
            self.zones,
            self.calendar,
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
        uow, {(each.sequence_id, each.sequence_version) for each in enrollments}
    )
    record_set = await records.with_accounts(uow, {each.opportunity_id for each in enrollments})
    contacts = await records.contacts(uow, {each.contact_id for each in enrollments})
    links = await records.links_of(uow, contacts)
    suppressed = await suppressions.active(uow, {each.address for each in contacts.values()})
    inside = await records.memberships(uow, segments_of(pinned.values()), record_set)
    progress = await messages.progress(uow, [each.id for each in enrollments])
    zone = await uow.zone()
    calendar = await calendar_of(uow, None, zone)

    def context_of(enrollment: Enrollment) -> EnrollmentContext:
        version = sequences.one_of(pinned, enrollment.sequence_id, enrollment.sequence_version)
        opportunity = record_set.opportunities.get(enrollment.opportunity_id)
        account = record_set.account_of(enrollment.opportunity_id)
        contact = contacts.get(enrollment.contact_id)
        account_id = opportunity.account_id if opportunity else None
        audience = version.definition.audience_segment_id
        return EnrollmentContext(
            enrollment=enrollment,
            pinned=version,
            opportunity=opportunity,
            account=account,
            contact=contact,
            reach=reach_of(contact, account_id, links, suppressed),
            in_audience=audience is None or (audience, enrollment.opportunity_id) in inside,
            in_account_segment=version.takes_account(account, inside),
            zones=zones_of(contact, account, zone),
            calendar=calendar,
            progress=progress[enrollment.id],
        )

    return [context_of(each) for each in enrollments]


def reach_of(
    contact: Contact | None,
    account_id: UUID | None,
    links: set[tuple[UUID, UUID]],
    suppressed: Mapping[str, ActiveSuppression],
) -> Reach:
    known = (
        contact is not None
        and not contact.deleted
        and not contact.deactivated
        and contact.address is not None
        and (contact.id, account_id) in links
    )
    suppression = suppressed.get(contact.address or "") if contact else None
    return Reach(
        known=known,
        email_status=contact.email_status if contact else "ok",
        suppressed_for=suppression.reason if suppression else None,
    )
