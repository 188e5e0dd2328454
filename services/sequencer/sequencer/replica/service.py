"""What other features may know of records. The copies change by the accounts service's events."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sequencer.replica import queries
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
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

__all__ = ["ranked_contacts", "reason_of_rank"]


def _is_gone(event: RecordChanged) -> bool:
    return event.change in {"deleted", "merged"} and event.merged_into != event.id


async def copy_opportunity(uow: UnitOfWork, event: OpportunityChanged) -> bool:
    """False when our copy is newer already, as after a replay."""
    record = event.record
    expires = record.contract_expiration
    row = {
        "id": event.id,
        "version": event.version,
        "deleted": _is_gone(event),
        "account_id": record.account_id,
        "name": record.name,
        "type": record.type,
        "stage": record.stage,
        "is_closed": record.is_closed,
        "contract_expiration": date.fromisoformat(expires) if expires else None,
        "arr": record.arr,
        "currency": record.currency,
        "deal_room_url": record.deal_room_url,
        "manual_entry": record.manually_enter_renewal_sequence,
        "traits": record.traits,
    }
    return await queries.copy_opportunity(uow.session, uow.workspace_id, row)


async def copy_account(uow: UnitOfWork, event: AccountChanged) -> bool:
    record = event.record
    row = {
        "id": event.id,
        "version": event.version,
        "deleted": _is_gone(event),
        **record.model_dump(
            include={
                "name",
                "domain",
                "lifecycle_status",
                "time_zone",
                "country",
                "arr",
                "currency",
                "traits",
                "key_roles",
            }
        ),
    }
    return await queries.copy_account(uow.session, uow.workspace_id, row)


async def copy_contact(uow: UnitOfWork, event: ContactChanged) -> bool:
    record = event.record
    row = {
        "id": event.id,
        "version": event.version,
        "deleted": _is_gone(event),
        "address": email_key(record.email),
        "deactivated": record.deactivated_at is not None,
        **record.model_dump(
            include={
                "name",
                "first_name",
                "last_name",
                "email",
                "title",
                "time_zone",
                "email_status",
                "traits",
            }
        ),
    }
    links = [link.model_dump() for link in record.accounts]
    return await queries.copy_contact(uow.session, uow.workspace_id, row, links)


async def copy_member(uow: UnitOfWork, event: MemberChanged) -> bool:
    row = event.model_dump(include={"id", "version", "full_name", "email", "active"})
    return await queries.copy_member(uow.session, uow.workspace_id, row)


async def copy_segment(uow: UnitOfWork, event: SegmentChanged) -> bool:
    row = event.model_dump(include={"id", "version", "title", "record_type", "archived"})
    return await queries.copy_segment(uow.session, uow.workspace_id, row)


async def enter_segment(uow: UnitOfWork, event: SegmentEntered) -> None:
    await queries.enter_segment(
        uow.session, uow.workspace_id, event.segment_id, event.record_id, event.effective_at
    )


async def leave_segment(uow: UnitOfWork, event: SegmentLeft) -> None:
    await queries.leave_segment(uow.session, uow.workspace_id, event.segment_id, event.record_id)


async def opportunities(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Opportunity]:
    return await queries.opportunities_by_id(uow.session, uow.workspace_id, ids, lock=lock)


async def accounts(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Account]:
    return await queries.accounts_by_id(uow.session, uow.workspace_id, ids, lock=lock)


async def with_accounts(
    uow: UnitOfWork, opportunity_ids: Iterable[UUID], *, lock: Lock = "none"
) -> RecordSet:
    """Opportunities first: so everybody locks them."""
    found = await opportunities(uow, opportunity_ids, lock=lock)
    account_ids = {each.account_id for each in found.values() if each.account_id}
    return RecordSet(found, await accounts(uow, account_ids, lock=lock))


async def contacts(
    uow: UnitOfWork, ids: Iterable[UUID], *, lock: Lock = "none"
) -> dict[UUID, Contact]:
    return await queries.contacts_by_id(uow.session, uow.workspace_id, ids, lock=lock)


async def hold_mailboxes_of(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Of these contacts those whose rows we now hold together with everybody's who has the same
    address.
    """
    wanted = set(ids)
    together = await queries.contacts_sharing_an_address(uow.session, uow.workspace_id, wanted)
    held = await contacts(uow, wanted | set(together), lock="hold")
    missed = {address for contact_id, address in together.items() if contact_id not in held}
    return {
        contact_id: contact
        for contact_id, contact in held.items()
        if contact_id in wanted and contact.address not in missed
    }


async def members(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, Member]:
    return await queries.members_by_id(uow.session, uow.workspace_id, ids)


async def is_member(uow: UnitOfWork, addresses: Collection[str]) -> bool:
    """Whether a colleague has one of these, in the form to compare."""
    emails = await queries.member_emails(uow.session, uow.workspace_id)
    return any(email_key(email) in addresses for email in emails)


async def segments(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, Segment]:
    return await queries.segments_by_id(uow.session, uow.workspace_id, ids)


async def contacts_by_account(
    uow: UnitOfWork, account_ids: Iterable[UUID]
) -> dict[UUID, list[AccountContact]]:
    found: dict[UUID, list[AccountContact]] = {}
    for one in await queries.contacts_of_accounts(uow.session, uow.workspace_id, account_ids):
        found.setdefault(one.account_id, []).append(one)
    return found


def ranked_contacts(
    contacts: Iterable[AccountContact], trait: str | None
) -> list[tuple[Person, AccountContact]]:
    """Best to write to first. Without a trait to choose by, everybody may be written to."""
    by_id = {one.contact.id: one for one in contacts}
    people = [
        Person(one.contact.id, one.plan_roles, _is_chosen(one, trait)) for one in by_id.values()
    ]
    return [(person, by_id[person.id]) for person in ranked(people)]


def _is_chosen(one: AccountContact, trait: str | None) -> bool:
    return trait is None or one.contact.traits.get(trait) is True


async def memberships(
    uow: UnitOfWork, segment_ids: Collection[UUID], of: RecordSet
) -> set[tuple[UUID, UUID]]:
    """Which of them, opportunities and accounts alike, are in which segment: (segment, record)."""
    ids = {*of.opportunities, *of.accounts}
    return await queries.segments_of_records(uow.session, uow.workspace_id, segment_ids, ids)


async def records_in_segment(uow: UnitOfWork, segment_id: UUID) -> list[UUID]:
    return await queries.records_in_segment(uow.session, uow.workspace_id, segment_id)


async def opportunities_of_accounts(uow: UnitOfWork, account_ids: Collection[UUID]) -> list[UUID]:
    if not account_ids:
        return []
    return await queries.opportunities_of_accounts(uow.session, uow.workspace_id, account_ids)


async def opportunities_to_enter(uow: UnitOfWork) -> list[UUID]:
    """Those whose flag asks for a manual entry."""
    return await queries.opportunities_to_enter(uow.session, uow.workspace_id)


async def opportunities_of_contacts(uow: UnitOfWork, contact_ids: Collection[UUID]) -> list[UUID]:
    """Those of every account that one of the contacts belongs to."""
    if not contact_ids:
        return []
    return await queries.opportunities_of_contacts(uow.session, uow.workspace_id, contact_ids)


async def links_of(uow: UnitOfWork, contact_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Which account each contact belongs to, as (contact, account)."""
    if not contact_ids:
        return set()
    return await queries.accounts_of_contacts(uow.session, uow.workspace_id, contact_ids)


async def workspace_name(uow: UnitOfWork) -> str:
    return await queries.workspace_name(uow.session, uow.workspace_id)


async def contacts_at(uow: UnitOfWork, address: str, *, lock: bool = False) -> list[Contact]:
    """Everyone with this address. `lock` waits for hand-overs that are being claimed for them and
    keeps new ones away until the transaction ends.
    """
    return await queries.contacts_at_address(uow.session, uow.workspace_id, address, lock=lock)
