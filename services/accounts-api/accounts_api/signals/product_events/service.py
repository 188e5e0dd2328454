"""Storing product events, giving them to contacts and accounts, and reading them back."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.event_readers.service import hold_readers
from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import living_named
from accounts_api.signals.event_counts import service as counts
from accounts_api.signals.event_counts.rules import (
    NOBODY,
    Bucket,
    Owners,
    bucket,
    sums,
    value_sums,
    valued,
)
from accounts_api.signals.event_names import service as event_names
from accounts_api.signals.product_events import queries
from accounts_api.signals.product_events.queries import ArrivedEvent
from accounts_api.signals.product_events.rules import (
    OWNER_COLUMNS,
    Sender,
    Tracked,
    happened_at,
    waits_for,
)
from shared import held_work
from shared.batches import isolate_failures
from shared.events.base import Cause
from shared.events.product_events import ProductEventTracked
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.rules.interpreter.depends import ANY_EVENTS, events_dependency
from shared.service import Service
from shared.uow import UnitOfWork

DEDUPED_DAYS: Final = 90
"""How long a message id is remembered, and how long an event waits for whom it speaks of."""
_FORGET_AT_ONCE: Final = 5_000
_AT_ONCE: Final = 1_000


async def first_time(uow: UnitOfWork, message_ids: Iterable[str]) -> dict[str, datetime]:
    """Those that were never sent before, and when they came. Asked first of all by whoever takes
    messages in.
    """
    return await queries.first_time(uow, message_ids)


async def add_events(uow: UnitOfWork, tracked: Sequence[Tracked], received_at: datetime) -> int:
    """Store and count events; how many of them speak of somebody unknown, and wait."""
    now, zone = await uow.fresh_now(), await uow.zone()
    known = await event_names.add_events(uow, [each.name for each in tracked], now)
    owners = await _owners(uow, [each.sender for each in tracked])
    rows, buckets, values, waiting = [], [], [], []
    late = 0
    for each, whose in zip(tracked, owners, strict=True):
        at = happened_at(each.original_at, each.sent_at, now)
        day, id_ = at.astimezone(zone).date(), new_id()
        where = bucket(whose, each.name, day)
        properties = known[each.name].properties(each.properties)
        counted = {"happened_at": at, "counted_on": day, "counted_properties": properties}
        rows.append(_row(each, whose, id_) | counted)
        buckets.append(where)
        values.append(valued(where, properties))
        if where is not None and known[each.name].is_watched:
            _tell(uow, id_, each.message_id, each.name, whose, each.properties, at)
        keys = waits_for(each.sender, whose)
        waiting += [(key, id_, received_at) for key in keys]
        late += bool(keys)
    await queries.add_events(uow, rows, received_at=received_at)
    await _count(uow, sums(buckets), now, lambda name: known[name].is_counted)
    await counts.count_values(uow, value_sums(values))
    if waiting:
        await queries.let_wait(uow, waiting)
    return late


def _tell(
    uow: UnitOfWork,
    event_id: UUID,
    message_id: str,
    name: str,
    whose: Owners,
    properties: Mapping[str, Any],
    at: datetime,
) -> None:
    uow.publish(
        ProductEventTracked(
            id=event_id,
            message_id=message_id,
            event=name,
            contact_id=whose.contact_id,
            account_id=whose.account_id,
            properties=dict(properties),
            happened_at=at,
        )
    )


def _row(tracked: Tracked, whose: Owners, id_: UUID) -> dict[str, Any]:
    return {
        "id": id_,
        "message_id": tracked.message_id,
        "name": tracked.name,
        "user_id": tracked.sender.user_id,
        "anonymous_id": tracked.anonymous_id,
        "group_id": tracked.sender.group_id,
        "email": tracked.sender.email,
        "contact_id": whose.contact_id,
        "account_id": whose.account_id,
        "properties": tracked.properties,
        "context": tracked.context,
        "original_at": tracked.original_at,
        "sent_at": tracked.sent_at,
    }


async def _owners(
    uow: UnitOfWork, senders: Sequence[Sender], known: Sequence[Owners] | None = None
) -> list[Owners]:
    """Whose events these are. Without a group, an event belongs to the contact's account if there
    is exactly one. What is known already stays.
    """
    before = known or [Owners(None, None)] * len(senders)
    people = await find_contacts(uow, [(sender.user_id, sender.email) for sender in senders])
    groups = await living_named(
        uow, ACCOUNT, (sender.group_id for sender in senders if sender.group_id)
    )
    contacts = [was.contact_id or found for was, found in zip(before, people, strict=True)]
    alone = [
        contact_id
        for sender, contact_id in zip(senders, contacts, strict=True)
        if contact_id is not None and sender.group_id is None
    ]
    only = await queries.only_accounts(uow, alone)
    found = []
    for sender, contact_id, was in zip(senders, contacts, before, strict=True):
        grouped = sender.group_id is not None
        account_id = groups.get(sender.group_id) if grouped else only.get(contact_id)
        found.append(Owners(contact_id, was.account_id or account_id))
    return found


async def find_contacts(
    uow: UnitOfWork, said: Sequence[tuple[str | None, str | None]]
) -> list[UUID | None]:
    """The contact of each external id, else of each address."""
    by_external_id = await living_named(uow, CONTACT, (user_id for user_id, _ in said if user_id))
    unknown = [email for user_id, email in said if user_id not in by_external_id]
    by_email = await queries.contacts_by_email(uow, (email for email in unknown if email))
    return [by_external_id.get(user_id) or by_email.get(email) for user_id, email in said]


async def _count(
    uow: UnitOfWork,
    changes: Sequence[tuple[Bucket, int]],
    now: datetime,
    is_read: Callable[[str], bool] = lambda _: True,
) -> None:
    """Into the roll-ups, with word to the rules that read them."""
    if not changes:
        return
    await counts.count(uow, changes)
    seen: dict[tuple[str, UUID], set[str]] = defaultdict(set)
    for one, _ in changes:
        for record_type, id_ in (("account", one.account_id), ("contact", one.contact_id)):
            if id_ != NOBODY and is_read(one.name):
                seen[record_type, id_] |= {events_dependency(one.name), ANY_EVENTS}
    await engine.record_each_change(uow, seen, now)


async def follow_records(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: what waited for a record is attached when it comes."""
    merged = [(change.id, change.merged_into) for change in changes if change.merged_into]
    if record_type in OWNER_COLUMNS and merged:
        await hold_readers(uow)
        for loser, winner in merged:
            await _hand_over(uow, record_type, loser, winner)
    keys = {key for change in changes for key in arrival_keys(record_type, change)}
    if keys:
        arrived = await queries.take_arrived(uow, keys)
        if arrived:
            await _attach(uow, arrived)


async def _hand_over(uow: UnitOfWork, record_type: str, loser: UUID, winner: UUID) -> None:
    """What counted for a record that was merged away counts for its winner."""
    names = await counts.hand_over(uow, OWNER_COLUMNS[record_type], loser, winner)
    if names:
        dependencies = {ANY_EVENTS, *(events_dependency(name) for name in names)}
        await engine.record_change(uow, record_type, dependencies, [winner], await uow.now())


def arrival_keys(record_type: str, change: RecordChange) -> Iterable[str]:
    """Under which keys events may wait for a record that is here now."""
    came = change.fields | ({"external_id", "email"} if change.change in _BACK else set())
    external_id, email = change.after.get("external_id"), email_key(change.after.get("email"))
    if external_id and "external_id" in came and record_type in OWNER_COLUMNS:
        yield f"{'user' if record_type == 'contact' else 'group'}:{external_id}"
    if email and "email" in came and record_type == "contact":
        yield f"email:{email}"
    if "accounts" in came and record_type == "contact":
        yield f"links:{change.id}"


_BACK: Final = ("created", "undeleted")


async def _attach(
    uow: UnitOfWork, arrived: Sequence[ArrivedEvent], *, looked_again: bool = False
) -> None:
    """Give events to whom they belong by now; what is still unknown goes on waiting, and so does
    one that cannot be given, which is held.
    """
    failed = set()

    async def hold(event: ArrivedEvent, error: Exception) -> None:
        failed.add(str(event.id))
        keys = waits_for(_sender(event), Owners(event.contact_id, event.account_id))
        waiting = [(key, event.id, event.received_at) for key in keys]
        await queries.let_wait(uow, waiting)
        about = {"event_id": str(event.id), "name": event.name}
        await held_work.hold(uow, queries.ATTACHING, str(event.id), error, about)

    attach = partial(_attach_some, uow, looked_again=looked_again)
    await isolate_failures(uow, arrived, attach, hold)
    given = {str(event.id) for event in arrived} - failed
    await held_work.release(uow, queries.ATTACHING, given.__contains__)


def _sender(event: ArrivedEvent) -> Sender:
    return Sender(event.user_id, event.email, event.group_id)


async def _attach_some(
    uow: UnitOfWork, arrived: Sequence[ArrivedEvent], *, looked_again: bool
) -> None:
    senders = [_sender(event) for event in arrived]
    before = [Owners(row.contact_id, row.account_id) for row in arrived]
    after = await _owners(uow, senders, before)
    watched = await event_names.watched(uow, (event.name for event in arrived))
    rows, fewer, more, waiting = [], [], [], []
    fewer_values, more_values = [], []
    for event, sender, was, whose in zip(arrived, senders, before, after, strict=True):
        waiting += [(key, event.id, event.received_at) for key in waits_for(sender, whose)]
        if whose != was:
            fewer.append(bucket(was, event.name, event.counted_on))
            more.append(bucket(whose, event.name, event.counted_on))
            fewer_values.append(valued(fewer[-1], event.counted_properties))
            more_values.append(valued(more[-1], event.counted_properties))
            if not was.known and event.name in watched:
                said, at = event.properties, event.happened_at
                _tell(uow, event.id, event.message_id, event.name, whose, said, at)
            rows.append(
                {
                    "id": event.id,
                    "received_at": event.received_at,
                    "contact_id": whose.contact_id,
                    "account_id": whose.account_id,
                }
            )
    if rows:
        await queries.attach(uow, rows)
        await _count(uow, sums(more, fewer), await uow.now())
        await counts.count_values(uow, value_sums(more_values, fewer_values))
    if waiting:
        await queries.let_wait(uow, waiting, looked_again=looked_again)


async def attach_waiting(service: Service) -> bool:
    """A record and an event that speaks of it may come at once, in transactions that do not see
    each other. Once both are over, each event that waits is looked at again, once.
    """
    async with service.units.across_workspaces(read_only=True) as scope:
        waiting = await queries.workspaces_with_waiting_events(scope, _AT_ONCE)
    cause = [Cause(type="system", id="product_events")]
    return await service.units.in_each(
        waiting, cause, _attach_waiting, what="waiting-product-events"
    )


async def _attach_waiting(uow: UnitOfWork) -> bool:
    keys = await queries.waiting_keys(uow, _AT_ONCE)
    arrived = await queries.take_arrived(uow, keys)
    await _attach(uow, arrived, looked_again=True)
    return True


async def make_partitions(service: Service) -> bool:
    """Events are partitioned by month; the months to come are made ahead."""
    async with service.units.across_workspaces() as scope:
        await queries.make_partitions(scope)
    return False


async def forget_old(service: Service) -> bool:
    """Message ids, and what has waited in vain, after `DEDUPED_DAYS`."""
    more = False
    async with service.units.across_workspaces() as scope:
        for table in ("product_event_messages", "product_event_waiting"):
            gone = await queries.forget(scope, table, days=DEDUPED_DAYS, limit=_FORGET_AT_ONCE)
            more = more or gone
    return more
