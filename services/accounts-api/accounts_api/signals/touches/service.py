"""Touches as other services tell of them, and the last one of each kind as a field."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT, RecordSchema
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import living
from accounts_api.signals.product_events.service import find_contacts
from accounts_api.signals.touches import queries
from accounts_api.signals.touches.queries import TouchedRecord
from accounts_api.signals.touches.rules import Touch, moved, touches_of
from shared.mail.addresses import email_key
from shared.uow import UnitOfWork

_TOUCHED: Final = (ACCOUNT, CONTACT)
OF_RECORDS: Final = queries.TOUCHES_OF


async def add_mail(
    uow: UnitOfWork,
    kind: str,
    message_id: str,
    at: datetime,
    *,
    account_id: UUID | None,
    contact_id: UUID | None,
) -> None:
    """A mail to or from this contact of this account. A repeated call changes nothing."""
    records = [
        ("account", await _living(uow, ACCOUNT, account_id)),
        ("contact", await _living(uow, CONTACT, contact_id)),
    ]
    await _add(uow, f"mail:{message_id}", touches_of([kind], records, at))


async def add_mail_from(uow: UnitOfWork, sender: str, message_id: str, at: datetime) -> None:
    """A mail that a contact wrote: of the contact, and of each account that the contact is with."""
    [contact_id] = await find_contacts(uow, [(None, email_key(sender))])
    if contact_id is None:
        return
    accounts = await queries.accounts_of(uow, contact_id)
    records = [("contact", contact_id), *(("account", id_) for id_ in accounts)]
    await _add(uow, f"mail:{message_id}", touches_of(["inbound"], records, at))


async def set_note(
    uow: UnitOfWork,
    note_id: UUID,
    kinds: Sequence[str],
    at: datetime,
    *,
    account_id: UUID | None,
    contact_id: UUID | None,
) -> None:
    """All that a note says by now; without kinds it says nothing any more."""
    source = f"note:{note_id}"
    records = [
        ("account", await _living(uow, ACCOUNT, account_id)),
        ("contact", await _living(uow, CONTACT, contact_id)),
    ]
    touches = touches_of(kinds, records, at)
    left = await queries.remove_others(uow, source, touches)
    await _follow(uow, [*left, *await queries.add(uow, source, touches)])


async def follow_records(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: what was of a record that is merged away is its winner's."""
    if record_type not in {schema.record_type for schema in _TOUCHED}:
        return
    for change in changes:
        if change.merged_into:
            await _follow(uow, await queries.hand_over(uow, change.id, change.merged_into))


async def _living(uow: UnitOfWork, schema: RecordSchema, id_: UUID | None) -> UUID | None:
    if id_ is None:
        return None
    found = (await living(uow, schema, [str(id_)])).get(str(id_))
    return UUID(found) if found else None


async def _add(uow: UnitOfWork, source: str, touches: Sequence[Touch]) -> None:
    if touches:
        await _follow(uow, await queries.add(uow, source, touches))


async def _follow(uow: UnitOfWork, records: Sequence[TouchedRecord]) -> None:
    """Make the fields what the touches say, with word to the rules that read them."""
    known = sorted(set(records), key=lambda one: one.record_id)
    if not known:
        return
    before = {one.record_id: one for one in await queries.lock(uow, known)}
    changed = {}
    for after in await queries.refresh(uow, [one.record_id for one in known]):
        was, now = asdict(before[after.record_id]), asdict(after)
        names = moved(was, now)
        if names:
            changed[after.record_type, after.record_id] = [f"touches.{name}" for name in names]
    await engine.record_each_change(uow, changed, await uow.now())
