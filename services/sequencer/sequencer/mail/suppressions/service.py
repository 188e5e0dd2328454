"""Addresses that nothing is sent to. Enforced where a hand-over is claimed (`sending`)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sequencer.audit import audit
from sequencer.mail.origins.service import kinds
from sequencer.mail.suppressions import queries
from sequencer.mail.suppressions.rows import ActiveSuppression, Suppression, SuppressionReason
from sequencer.mail.suppressions.schemas import SuppressionIn
from sequencer.replica import service as records
from shared.audit import attributes
from shared.errors import Conflict, NotFound, invalid
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

_AUDITED = ("reason", "expires_at", "message_id")
"""Not whose address it is."""


class SuppressionNotFound(NotFound):
    code = "suppression_not_found"
    title = "No such suppression"


class RecipientOptedOut(Conflict):
    code = "recipient_opted_out"
    title = "Only the recipient can take this back"


async def suppress(
    uow: UnitOfWork,
    address: str,
    reason: SuppressionReason,
    *,
    message_id: UUID | None = None,
    expires_at: datetime | None = None,
    note: str | None = None,
) -> bool:
    """Stop writing to `address`, which is normalised. False when that was so already.

    The contacts' rows are locked first: a hand-over that is being claimed for one of them is either
    finished claiming, and then reported as under way, or will see the suppression.
    """
    people = await records.contacts_at(uow, address, lock=True)
    suppression = Suppression(
        id=new_id(),
        address=address,
        reason=reason,
        note=note,
        message_id=message_id,
        expires_at=expires_at,
        created_at=await uow.now(),
    )
    if not await queries.suppress(uow, suppression):
        return False
    for kind in kinds(uow):
        await kind.reevaluate_contacts(uow, [person.id for person in people])
    return True


async def active(uow: UnitOfWork, addresses: Iterable[str | None]) -> dict[str, ActiveSuppression]:
    """By address, of those that are suppressed now."""
    known = {address for address in addresses if address}
    suppressions = await queries.active(uow, known, await uow.now()) if known else []
    return {each.address: each for each in suppressions}


async def list_suppressions(
    uow: UnitOfWork, *, email: str | None, after_id: UUID | None, limit: int
) -> list[Suppression]:
    address = email_key(email)
    if email is not None and address is None:
        return []
    return await queries.suppressions_page(uow, address=address, after_id=after_id, limit=limit)


async def create_suppression(uow: UnitOfWork, data: SuppressionIn) -> Suppression:
    address = email_key(data.email)
    if address is None:
        raise invalid("/email", "invalid_address", "This is no mail address.")
    is_new = await suppress(uow, address, "manual", note=data.note)
    suppression = await queries.suppression_of(uow, address)
    if suppression is None:  # lifted by someone else in this moment
        raise SuppressionNotFound
    if is_new:
        audit.record(
            uow, "suppression.created", suppression.id, after=attributes(suppression, *_AUDITED)
        )
    return suppression


async def lift_suppression(uow: UnitOfWork, suppression_id: UUID) -> None:
    """Raises `RecipientOptedOut` for what the recipient asked for."""
    suppression = await queries.suppression_by_id(uow, suppression_id)
    if suppression is None:
        raise SuppressionNotFound("There is no suppression with this id.")
    if suppression.reason in {"unsubscribed", "complained"}:
        raise RecipientOptedOut(
            "The recipient asked not to be written to. Only they can take that back."
        )
    await queries.delete_suppression(uow, suppression.id)
    audit.record(
        uow, "suppression.deleted", suppression.id, before=attributes(suppression, *_AUDITED)
    )
    people = await records.contacts_at(uow, suppression.address, lock=True)
    for kind in kinds(uow):
        await kind.reevaluate_contacts(uow, [person.id for person in people])
