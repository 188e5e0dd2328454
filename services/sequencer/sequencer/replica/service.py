"""What other features may know of records. The copies change by the accounts service's events."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sequencer.replica import queries
from sequencer.replica.queries import (
    contacts_at,
    moving_fields,
    opportunities_of_accounts,
    opportunities_of_contacts,
    opportunities_to_enter,
    records_in_segment,
    workspace_name,
)
from sequencer.replica.rules import Person, ranked, reason_of_rank
from sequencer.replica.schemas import (
    Account,
    AccountContact,
    Contact,
    Lock,
    Member,
    Opportunity,
    RecordSet,
    Segment,
)
from shared.events.accounts import (
    AccountChanged,
    ContactChanged,
    MemberChanged,
    OpportunityChanged,
    RecordChanged,
    SegmentChanged,
    SegmentEntered,
    SegmentLeft,
)
from shared.events.traits import MovingFieldsChanged
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

__all__ = [
    "contacts_at",
    "moving_fields",
    "opportunities_of_accounts",
    "opportunities_of_contacts",
    "opportunities_to_enter",
    "ranked_contacts",
    "reason_of_rank",
    "records_in_segment",
    "workspace_name",
]


def _is_gone(event: RecordChanged) -> bool:
    return event.change in {"deleted", "merged"} and event.merged_into != event.id


async def copy_opportunity(uow: UnitOfWork, event: OpportunityChanged) -> bool:
    """False when our copy is newer already, as after a replay."""
    record = event.record
    expires = record.contract_expiration
    copy = Opportunity(
        id=event.id,
        version=event.revision,
        deleted=_is_gone(event),
        account_id=record.account_id,
        name=record.name,
        type=record.type,
        stage=record.stage,
        is_closed=record.is_closed,
        contract_expiration=date.fromisoformat(expires) if expires else None,
        arr=record.arr,
        currency=record.currency,
        deal_room_url=record.deal_room_url,
        manual_entry=record.manually_enter_renewal_sequence,
        traits=record.traits,
    )
    return await queries.store_copy(uow, copy, event.revision)


async def copy_account(uow: UnitOfWork, event: AccountChanged) -> bool:
    record = event.record
    copy = Account(
        id=event.id,
        deleted=_is_gone(event),
        name=record.name,
        domain=record.domain,
        lifecycle_status=record.lifecycle_status,
        time_zone=record.time_zone,
        country=record.country,
        arr=record.arr,
        currency=record.currency,
        traits=record.traits,
        key_roles={role: [str(each) for each in ids] for role, ids in record.key_roles.items()},
    )
    return await queries.store_copy(uow, copy, event.revision)


async def copy_contact(uow: UnitOfWork, event: ContactChanged) -> bool:
    record = event.record
    copy = Contact(
        id=event.id,
        deleted=_is_gone(event),
        name=record.name,
        first_name=record.first_name,
        last_name=record.last_name,
        email=record.email,
        address=email_key(record.email),
        title=record.title,
        time_zone=record.time_zone,
        email_status=record.email_status,
        deactivated=record.deactivated_at is not None,
        traits=record.traits,
    )
    if not await queries.store_copy(uow, copy, event.revision):
        return False
    links = [queries.Link(event.id, each.account_id, each.plan_roles) for each in record.accounts]
    await queries.replace_links(uow, event.id, links)
    return True


async def copy_member(uow: UnitOfWork, event: MemberChanged) -> bool:
    copy = Member(event.id, event.full_name, event.email, event.active)
    return await queries.store_copy(uow, copy, event.version)


async def copy_segment(uow: UnitOfWork, event: SegmentChanged) -> bool:
    copy = Segment(event.id, event.title, event.record_type, event.archived, event.key)
    return await queries.store_copy(uow, copy, event.version)


async def copy_moving_fields(uow: UnitOfWork, event: MovingFieldsChanged) -> None:
    await queries.store_moving_fields(uow, event.version, event.fields)


async def enter_segment(uow: UnitOfWork, event: SegmentEntered) -> None:
    await queries.enter_segment(uow, event.segment_id, event.record_id, event.effective_at)


async def leave_segment(uow: UnitOfWork, event: SegmentLeft) -> None:
    await queries.leave_segment(uow, event.segment_id, event.record_id)


async def opportunities(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Opportunity]:
    return await queries.copies(uow, Opportunity, ids, lock=lock)


async def accounts(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Account]:
    return await queries.copies(uow, Account, ids, lock=lock)


async def with_accounts(
    uow: UnitOfWork, opportunity_ids: Iterable[UUID], *, lock: Lock = "none"
) -> RecordSet:
    """Opportunities first: so everybody locks them."""
    by_id = await opportunities(uow, opportunity_ids, lock=lock)
    account_ids = {each.account_id for each in by_id.values() if each.account_id}
    return RecordSet(by_id, await accounts(uow, account_ids, lock=lock))


async def contacts(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Contact]:
    return await queries.copies(uow, Contact, ids, lock=lock)


async def hold_mailboxes_of(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Of these contacts those whose rows we now hold together with everybody's who has the same
    address.
    """
    wanted = set(ids)
    together = await queries.contacts_sharing_an_address(uow, wanted)
    held = await contacts(uow, wanted | {each.contact_id for each in together}, lock="hold")
    missed = {each.address for each in together if each.contact_id not in held}
    return {
        contact_id: contact
        for contact_id, contact in held.items()
        if contact_id in wanted and contact.address not in missed
    }


async def members(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, Member]:
    return await queries.copies(uow, Member, ids)


async def is_member(uow: UnitOfWork, addresses: Collection[str]) -> bool:
    """Whether a colleague has one of these, in the form to compare."""
    return any(email_key(email) in addresses for email in await queries.member_emails(uow))


async def segments(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, Segment]:
    return await queries.copies(uow, Segment, ids)


async def contacts_by_account(
    uow: UnitOfWork, account_ids: Iterable[UUID]
) -> dict[UUID, list[AccountContact]]:
    """Deleted ones are left out."""
    links = await queries.links_of_accounts(uow, account_ids)
    known = await contacts(uow, {link.contact_id for link in links})
    by_account: dict[UUID, list[AccountContact]] = {}
    for link in links:
        contact = known.get(link.contact_id)
        if contact is not None and not contact.deleted:
            part = AccountContact(link.account_id, link.plan_roles, contact)
            by_account.setdefault(link.account_id, []).append(part)
    return by_account


def ranked_contacts(
    contacts: Iterable[AccountContact], trait: str | None
) -> list[tuple[Person, AccountContact]]:
    """Best to write to first. Without a trait to choose by, everybody may be written to."""
    by_id = {part.contact.id: part for part in contacts}
    people = [
        Person(part.contact.id, part.plan_roles, _is_chosen(part, trait)) for part in by_id.values()
    ]
    return [(person, by_id[person.id]) for person in ranked(people)]


def _is_chosen(part: AccountContact, trait: str | None) -> bool:
    return trait is None or part.contact.traits.get(trait) is True


async def memberships(
    uow: UnitOfWork, segment_ids: Collection[UUID], of: RecordSet
) -> set[tuple[UUID, UUID]]:
    """Which of them, opportunities and accounts alike, are in which segment: (segment, record)."""
    return await queries.memberships(uow, segment_ids, {*of.opportunities, *of.accounts})


async def links_of(uow: UnitOfWork, contact_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Which account each contact belongs to, as (contact, account)."""
    links = await queries.links_of_contacts(uow, contact_ids)
    return {(link.contact_id, link.account_id) for link in links}
