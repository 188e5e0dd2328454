"""The event handlers of a service, and handling one event with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import sqlstates, tracing
from shared.batches import is_transient
from shared.db import sqlstate
from shared.events.base import Cause, Envelope, Event
from shared.events.registry import EVENTS
from shared.uow import UnitOfWork

Handler = Callable[[UnitOfWork, Any], Awaitable[object]]
Handlers = Mapping[type[Event], Sequence[Handler]]


@dataclass(frozen=True)
class Subscriptions:
    handlers: Handlers
    on_any: Handler | None = None
    """Called with the envelope of every event, known or not (the sync worker's partner feed)."""
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", frozenset(event.name for event in self.handlers))

    async def handle(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Call every handler of the event."""
        before, uow.handled_event = uow.handled_event, envelope
        with tracing.handling(envelope.name, str(envelope.id)):
            if envelope.name in self._names:
                await self._call_handlers(uow, envelope)
            if self.on_any is not None:
                await self.on_any(uow, envelope)
        uow.handled_event = before

    async def _call_handlers(self, uow: UnitOfWork, envelope: Envelope) -> None:
        """Changes that the handlers make name the event as their cause."""
        event_type = EVENTS[envelope.name]
        event = event_type.model_validate(envelope.payload)
        before = uow.cause
        uow.cause = (*envelope.cause, Cause(type="event", id=str(envelope.id), label=envelope.name))
        for handler in self.handlers[event_type]:
            await handler(uow, event)
        await uow.flush_events()
        uow.cause = before


def is_transient_or_timeout(error: Exception) -> bool:
    """Whether the connection or the database is to blame, not the event: trying again may help."""
    return is_transient(error) or sqlstate(error) == sqlstates.QUERY_CANCELED
