"""Taking product events in, giving them to contacts and accounts, and reading them back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT, RecordSchema
from accounts_api.records.store.hooks import RecordChange
from accounts_api.records.store.service import living_named, state_of
from accounts_api.signals.product_events import queries
from accounts_api.signals.product_events.queries import ArrivedEvent, EventName, ProductEvent
from accounts_api.signals.product_events.reading import Untaken, read_item, read_track
from accounts_api.signals.product_events.rules import (
    NOBODY,
    Bucket,
    Owners,
    Sender,
    Tracked,
    bucket,
    happened_at,
    sums,
    waits_for,
)
from accounts_api.signals.product_events.schemas import BatchIn, TrackIn
from shared import held_work
from shared.batches import isolate_failures
from shared.errors import Fault, Invalid
from shared.events.base import Cause
from shared.ids import new_id
from shared.mail.addresses import email_key
from shared.rules.interpreter.depends import events_dependency
from shared.service import Service
from shared.uow import UnitOfWork

DEDUPED_DAYS: Final = 90
"""How long a message id is remembered, and how long an event waits for whom it speaks of."""
_FORGET_AT_ONCE: Final = 5_000
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Counts:
    accepted: int = 0
    duplicates: int = 0
    waiting: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.waiting + other.waiting,
        )


async def track(uow: UnitOfWork, data: TrackIn) -> dict[str, Any]:
    """One event. Raises `Invalid` for one that says not who it was."""
    try:
        tracked = read_track(data)
    except Untaken as untaken:
        raise Invalid(faults=untaken.faults) from untaken
    return _answer(await _take_in(uow, [tracked]), [])


async def track_batch(uow: UnitOfWork, data: BatchIn) -> dict[str, Any]:
    """Each message is taken or refused by itself: one bad one does not hold up the others."""
    read: list[Tracked] = []
    refused: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    for at, item in enumerate(data.batch):
        try:
            read.append(read_item(item, data, at))
            places.setdefault(read[-1].message_id, at)
        except Untaken as untaken:
            refused.append(
                {"index": at, "message_id": untaken.message_id, "errors": untaken.faults}
            )

    async def refuse(tracked: Tracked, _: Exception) -> None:
        fault = Fault(f"/batch/{places[tracked.message_id]}", "not_stored", "It could not be kept.")
        refused.append(
            {
                "index": places[tracked.message_id],
                "message_id": tracked.message_id,
                "errors": [fault],
            }
        )

    counts = await isolate_failures(uow, read, partial(_take_in, uow), refuse)
    return _answer(sum(counts, Counts()), refused)


def _answer(counts: Counts, refused: Sequence[Any]) -> dict[str, Any]:
    return {
        "success": True,
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "unmatched": counts.waiting,
        "refused": refused,
    }


async def _take_in(uow: UnitOfWork, read: Sequence[Tracked]) -> Counts:
    by_message = {tracked.message_id: tracked for tracked in reversed(read)}
    fresh = await queries.first_time(uow, by_message)
    taken = [tracked for id_, tracked in by_message.items() if id_ in fresh]
    duplicates = len(read) - len(taken)
    if not taken:
        return Counts(duplicates=duplicates)
    now, zone = await uow.fresh_now(), await uow.zone()
    received_at = max(fresh.values())
    owners = await _owners(uow, [tracked.sender for tracked in taken])
    rows, buckets, waiting = [], [], []
    late = 0
    for tracked, whose in zip(taken, owners, strict=True):
        at = happened_at(tracked.original_at, tracked.sent_at, now)
        day, id_ = at.astimezone(zone).date(), new_id()
        rows.append(_row(tracked, whose, id_) | {"happened_at": at, "counted_on": day})
        buckets.append(bucket(whose, tracked.name, day))
        keys = waits_for(tracked.sender, whose)
        waiting += [(key, id_, received_at) for key in keys]
        late += bool(keys)
    await queries.add_events(uow, rows, received_at=received_at, now=now)
    await _count(uow, sums(buckets), now)
    if waiting:
        await queries.let_wait(uow, waiting)
    return Counts(len(taken), duplicates, late)


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
    by_external_id = await living_named(
        uow, CONTACT, (sender.user_id for sender in senders if sender.user_id)
    )
    unknown = [sender for sender in senders if sender.user_id not in by_external_id]
    by_email = await queries.contacts_by_email(
        uow, (sender.email for sender in unknown if sender.email)
    )
    groups = await living_named(
        uow, ACCOUNT, (sender.group_id for sender in senders if sender.group_id)
    )
    contacts = [
        was.contact_id or by_external_id.get(sender.user_id) or by_email.get(sender.email)
        for sender, was in zip(senders, before, strict=True)
    ]
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


async def _count(uow: UnitOfWork, changes: Sequence[tuple[Bucket, int]], now: datetime) -> None:
    """Into the roll-ups, with word to the rules that read them."""
    if not changes:
        return
    await queries.count(uow, changes)
    seen: dict[tuple[str, UUID], set[str]] = defaultdict(set)
    for one, _ in changes:
        for record_type, id_ in (("account", one.account_id), ("contact", one.contact_id)):
            if id_ != NOBODY:
                seen[record_type, id_].add(events_dependency(one.name))
    await engine.record_each_change(uow, seen, now)


async def follow_records(
    uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]
) -> None:
    """A listener of record changes: what waited for a record is attached when it comes."""
    if record_type in COLUMNS:
        for change in changes:
            if change.merged_into is not None:
                await _hand_over(uow, record_type, change.id, change.merged_into)
    keys = {key for change in changes for key in arrival_keys(record_type, change)}
    if keys:
        arrived = await queries.take_arrived(uow, keys)
        if arrived:
            await _attach(uow, arrived)


async def _hand_over(uow: UnitOfWork, record_type: str, loser: UUID, winner: UUID) -> None:
    """What counted for a record that was merged away counts for its winner."""
    names = await queries.hand_over(uow, COLUMNS[record_type], loser, winner)
    if names:
        dependencies = {events_dependency(name) for name in names}
        await engine.record_change(uow, record_type, dependencies, [winner], await uow.now())


def arrival_keys(record_type: str, change: RecordChange) -> Iterable[str]:
    """Under which keys events may wait for a record that is here now."""
    came = change.fields | ({"external_id", "email"} if change.change in _BACK else set())
    external_id, email = change.after.get("external_id"), email_key(change.after.get("email"))
    if external_id and "external_id" in came and record_type in COLUMNS:
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
    rows, fewer, more, waiting = [], [], [], []
    for event, sender, was, whose in zip(arrived, senders, before, after, strict=True):
        waiting += [(key, event.id, event.received_at) for key in waits_for(sender, whose)]
        if whose != was:
            fewer.append(bucket(was, event.name, event.counted_on))
            more.append(bucket(whose, event.name, event.counted_on))
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


async def list_events(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    *,
    name: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ProductEvent]:
    """Newest first; one more than `limit`, if there are more."""
    state = await state_of(uow, schema, record_id)
    if state is None or state["deleted"]:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    return await queries.events_page(
        uow,
        COLUMNS[schema.record_type],
        record_id,
        name=name,
        after=after,
        limit=limit + 1,
    )


COLUMNS: Final = {ACCOUNT.record_type: "account_id", CONTACT.record_type: "contact_id"}


async def list_names(uow: UnitOfWork, after: str | None, limit: int) -> list[EventName]:
    return await queries.names_page(uow, after=after, limit=limit + 1)


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
