from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from accounts_api.signals.event_names import service as event_names
from accounts_api.signals.event_names.rules import Refusal, Subject, subject_of
from accounts_api.signals.ingest.reading import (
    Described,
    Message,
    Untaken,
    read_item,
    read_message,
)
from accounts_api.signals.ingest.schemas import BatchIn, MessageIn
from accounts_api.signals.product_events import service as product_events
from accounts_api.signals.product_events.rules import Tracked, happened_at
from accounts_api.signals.profiles import service as profiles
from accounts_api.signals.profiles.rules import Said
from shared.batches import isolate_failures
from shared.errors import Fault, Invalid
from shared.uow import UnitOfWork


class NotTaken(Invalid):
    """What is noted of the refusal stays."""

    keeps_work = True


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


async def take_one(uow: UnitOfWork, data: MessageIn, type_: str) -> dict[str, Any]:
    """One message. Raises `NotTaken` for one that says not who it was."""
    try:
        message = read_message(data, type_)
    except Untaken as untaken:
        name = getattr(data, "event", "")
        refusal = Refusal(Subject(type_, name), untaken.message_id, untaken.faults)
        await event_names.add_refusals(uow, [refusal])
        raise NotTaken(faults=untaken.faults) from untaken
    return _answer(await _take_in(uow, [message]), [])


async def refuse_body(
    uow: UnitOfWork, type_: str, body: Mapping[str, Any], faults: Sequence[Fault]
) -> NotTaken:
    """The refusal of a body that has not the form of its message."""
    subject = subject_of({**body, "type": type_})
    given = body.get("messageId")
    message_id = given[:255] if isinstance(given, str) else None
    await event_names.add_refusals(uow, [Refusal(subject, message_id, list(faults))])
    return NotTaken(faults=list(faults))


async def take_batch(uow: UnitOfWork, data: BatchIn) -> dict[str, Any]:
    """Each message is taken or refused by itself: one bad one does not hold up the others."""
    pointers = [f"/batch/{at}" for at in range(len(data.batch))]
    return await _take_each(uow, data.batch, pointers, data)


async def take_from_browser(
    uow: UnitOfWork, message: Mapping[str, Any], type_: str
) -> dict[str, Any]:
    """One message, refused within the answer: a browser sends again what is not answered well."""
    return await _take_each(uow, [{**message, "type": type_}], [""], None)


async def _take_each(
    uow: UnitOfWork, items: Sequence[Any], pointers: Sequence[str], batch: BatchIn | None
) -> dict[str, Any]:
    read: list[Message] = []
    refused: dict[int, Refusal] = {}
    places: dict[str, int] = {}
    for at, item in enumerate(items):
        try:
            read.append(read_item(item, batch, pointers[at]))
            places.setdefault(read[-1].message_id, at)
        except Untaken as untaken:
            subject = subject_of(item if isinstance(item, dict) else {})
            refused[at] = Refusal(subject, untaken.message_id, untaken.faults)

    async def refuse(message: Message, _: Exception) -> None:
        at = places[message.message_id]
        fault = Fault(pointers[at], "not_stored", "It could not be kept.")
        refused[at] = Refusal(message.subject, message.message_id, [fault])

    counts = await isolate_failures(uow, read, partial(_take_in, uow), refuse)
    await event_names.add_refusals(uow, list(refused.values()))
    shown = [
        {"index": at, "message_id": refusal.message_id, "errors": refusal.faults}
        for at, refusal in sorted(refused.items())
    ]
    return _answer(sum(counts, Counts()), shown)


def _answer(counts: Counts, refused: Sequence[Any]) -> dict[str, Any]:
    return {
        "success": True,
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "unmatched": counts.waiting,
        "refused": refused,
    }


async def _take_in(uow: UnitOfWork, read: Sequence[Message]) -> Counts:
    by_message = {message.message_id: message for message in reversed(read)}
    fresh = await product_events.first_time(uow, by_message)
    taken = [message for id_, message in by_message.items() if id_ in fresh]
    duplicates = len(read) - len(taken)
    if not taken:
        return Counts(duplicates=duplicates)
    tracked = [message.content for message in taken if isinstance(message.content, Tracked)]
    waiting = 0
    if tracked:
        waiting = await product_events.add_events(uow, tracked, max(fresh.values()))
    others = [message for message in taken if not isinstance(message.content, Tracked)]
    if others:
        now = await uow.now()
        await event_names.add_messages(uow, [message.type for message in others])
        await profiles.add(uow, [said for each in others if (said := _said(each, now))])
    return Counts(len(taken), duplicates, waiting)


def _said(message: Message, now: datetime) -> Said | None:
    """None: it says nothing of anybody who is known."""
    content, data = message.content, message.data
    if not isinstance(content, Described) or content.external_id is None:
        return None
    at = happened_at(data.originalTimestamp or data.timestamp, data.sentAt, now)
    return Said(content.kind, content.external_id, content.email, content.traits, at)
