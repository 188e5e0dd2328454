"""Events that were set aside because a handler failed on them: stored, listed and replayed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.batches import isolate_failures, reason_of
from shared.errors import Conflict, NotFound
from shared.events.base import Envelope
from shared.events.registry import publisher_of
from shared.feed.subscriptions import Subscriptions, is_transient_or_timeout
from shared.logging import get_logger
from shared.settings import ServiceName
from shared.uow import UnitOfWork

log = get_logger(__name__)

T = TypeVar("T")
_COLUMNS = "event_id as id, publisher, name, envelope, reason, died_at, replayed_at"
_BURY = text(
    """
    insert into dead_events (workspace_id, publisher, event_id, name, envelope, reason)
    values (:workspace_id, :publisher, :event_id, :name, cast(:envelope as jsonb), :reason)
    on conflict do nothing
    """
)
_LIST = text(
    f"""
    select {_COLUMNS} from dead_events
    where workspace_id = :workspace_id and replayed_at is null
      and (died_at, event_id) > (:died_at, :event_id)
    order by died_at, event_id
    limit :limit
    """
)
_LOCK = text(
    f"""
    select {_COLUMNS} from dead_events
    where workspace_id = :workspace_id and event_id = :event_id
    for update
    """
)
_REPLAYED = text(
    f"""
    update dead_events set replayed_at = clock_timestamp()
    where workspace_id = :workspace_id and event_id = :event_id
    returning {_COLUMNS}
    """
)


@dataclass(frozen=True, slots=True)
class EventSetAside:
    id: UUID
    publisher: ServiceName
    name: str
    envelope: dict[str, Any]
    reason: str
    died_at: datetime
    replayed_at: datetime | None


class NoDeadEvent(NotFound):
    code = "dead_event_not_found"
    title = "No such event was set aside here"


class StillFails(Conflict):
    code = "event_still_fails"
    title = "The event fails as before; nothing of it took effect"


async def store_dead_event(
    uow: UnitOfWork, publisher: ServiceName, event: Envelope, reason: str
) -> None:
    await uow.run(
        _BURY,
        publisher=publisher,
        event_id=event.id,
        name=event.name,
        envelope=to_json(event).decode(),
        reason=reason,
    )


async def apply_to_each(
    uow: UnitOfWork, items: Sequence[T], act: Callable[[T], Awaitable[object]]
) -> None:
    """Apply the event that is being handled to each item. When it fails on an item, the event is
    set aside so that it can be replayed; its effect on the other items stays.
    """

    async def act_on(batch: Sequence[T]) -> None:
        for item in batch:
            await act(item)

    await apply_to_batch(uow, items, act_on)


async def apply_to_batch(
    uow: UnitOfWork, items: Sequence[T], act: Callable[[Sequence[T]], Awaitable[object]]
) -> None:
    """As `apply_to_each`, where `act` takes several items at once."""
    failures = []

    async def record_failure(_: T, error: Exception) -> None:
        failures.append(error)

    await isolate_failures(uow, items, act, record_failure)
    if not failures:
        return
    event = uow.handled_event
    if event is None or await _is_dead(uow, event):
        raise failures[0]
    reason = f"{len(failures)} of {len(items)} failed. {reason_of(failures[0])}"
    await store_dead_event(uow, publisher_of(event.name), event, reason)


async def _is_dead(uow: UnitOfWork, event: Envelope) -> bool:
    return await uow.row(EventSetAside, _LOCK, event_id=event.id) is not None


async def dead_events(
    uow: UnitOfWork, after: tuple[datetime, UUID], limit: int
) -> Sequence[EventSetAside]:
    """The events that were not replayed yet, the oldest first."""
    died_at, event_id = after
    return await uow.rows(EventSetAside, _LIST, died_at=died_at, event_id=event_id, limit=limit)


async def replay(uow: UnitOfWork, event_id: UUID, subscriptions: Subscriptions) -> EventSetAside:
    """Handle the event in this transaction. A repeated call changes nothing. Raises `StillFails`,
    and then the event stays in the list.

    Later events were handled before it: handlers compare versions, so that is harmless.
    """
    dead = await uow.row(EventSetAside, _LOCK, event_id=event_id)
    if dead is None:
        raise NoDeadEvent
    if dead.replayed_at is not None:
        return dead
    try:
        await subscriptions.handle(uow, Envelope.model_validate(dead.envelope))
    except Exception as error:
        if is_transient_or_timeout(error):
            raise
        log.warning("event still fails", event_id=str(event_id), exc_info=error)
        raise StillFails(reason_of(error)) from error
    return await uow.one(EventSetAside, _REPLAYED, event_id=event_id)
