"""What other companies' systems may hear: one feed per workspace, gapless and in order."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic_core import to_json

from shared.auth import Caller
from shared.errors import AppError, Fault, Invalid, NotFound
from shared.events.base import Envelope
from shared.events.registry import EVENTS
from shared.json_rows import json_array, json_object
from shared.quiet import quiet_batch_of
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.partners.partner_events import queries
from sync_worker.partners.partner_events.queries import EventRow, RecordedEvent
from sync_worker.partners.partner_events.rules import (
    BEGINNING,
    EVERYTHING,
    FeedCursors,
    concrete_types,
    unknown_types,
)

KEPT_DAYS = 30
LATEST = "latest"

_LOOK_EVERY = 0.4
"""Seconds between looks of a request that waits. None of them holds a transaction in between."""
_FORGET_AT_ONCE = 1000

Types = Sequence[str]
"""Concrete types."""


class EventNotFound(NotFound):
    title = "There is no such event"


class EventsGone(AppError):
    status = 410
    code = "events_no_longer_kept"
    title = "Events after this cursor are no longer kept"


@dataclass(frozen=True)
class KeptEvent:
    """One event of the feed. `data` is JSON as it was written."""

    id: UUID
    type: str
    timestamp: str
    data: str
    quiet_batch_id: str | None


async def keep(uow: UnitOfWork, envelope: Envelope) -> tuple[str, bool] | None:
    """Put a fact into its workspace's feed. Its type, and whether it is new there; None when it is
    not public.
    """
    known = EVENTS.get(envelope.name)
    if known is None:
        return None
    event = known.model_validate(envelope.payload)
    public_type = event.public_type()
    if public_type is None:
        return None
    is_new = await queries.keep_event(
        uow,
        id=envelope.id,
        type=public_type,
        data=to_json(event.public_data()).decode(),
        cause=to_json(envelope.cause, exclude_none=True).decode(),
        quiet_batch_id=quiet_batch_of(envelope.cause),
        occurred_at=envelope.occurred_at,
    )
    return public_type, is_new


async def read_feed(
    service: Service, caller: Caller, after: str, types: str | None, limit: int, wait: float
) -> bytes:
    """A page of the feed as JSON, after up to `wait` seconds when there is none yet."""
    cursors = FeedCursors(service.settings.cursor_secret.get_secret_value(), caller.workspace_id)
    place = cursors.read(after) if after not in {"", LATEST} else BEGINNING
    wanted = checked_types(types.split(",") if types else [EVERYTHING], "/query/types")
    until = time.monotonic() + wait
    while True:
        async with service.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
            horizon = await queries.horizon(uow, place)
            if horizon.missed and place != BEGINNING:
                raise EventsGone(
                    f"Events are kept for {KEPT_DAYS} days. Read the records anew, then go on with"
                    " `after=` (the oldest that is kept) or `after=latest`."
                )
            if after == LATEST:
                return _page([], cursors.write(horizon.xid, 0), has_more=False)
            rows, has_more = await queries.events_between(uow, place, horizon.xid, wanted, limit)
        if rows or service.draining or time.monotonic() >= until:
            break
        await asyncio.sleep(min(_LOOK_EVERY, max(0.0, until - time.monotonic())))
    events = [_event_json(row, cursors) for row in rows]
    # All before the horizon has been read, also where the filter found nothing.
    last = (int(rows[-1].place_xid), rows[-1].seq) if has_more else (horizon.xid, 0)
    return _page(events, cursors.write(*last), has_more=has_more)


async def read_event(service: Service, uow: UnitOfWork, event_id: UUID) -> bytes:
    rows = await queries.events_by_id(uow, [event_id])
    if not rows:
        raise EventNotFound(f"Events are kept for {KEPT_DAYS} days.")
    secret = service.settings.cursor_secret.get_secret_value()
    return _event_json(rows[0], FeedCursors(secret, uow.workspace_id))


def checked_types(filters: Sequence[str], pointer: str) -> Types:
    """`pointer` may hold `{}` for a filter's place. Raises `Invalid` for types there are not."""
    given = [each.strip() for each in filters]
    faults = [
        Fault(
            pointer.format(place),
            "unknown_event_type",
            f"There is no event type {each[:100]!r}. `GET /openapi.json` lists all of them under"
            " `webhooks`; `account.*` means all about accounts and `*` everything, but for what is"
            " only worked out, such as `account.computed`.",
        )
        for place, each in enumerate(given)
        if unknown_types([each])
    ]
    if faults:
        raise Invalid(faults=faults)
    return concrete_types(given)


# For deliveries


async def events_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, KeptEvent]:
    """Those of `ids` that are still kept."""
    rows = await queries.events_by_id(uow, ids)
    events = [
        KeptEvent(UUID(row.id), row.type, row.occurred_at, row.data, row.quiet_batch_id)
        for row in rows
    ]
    return {event.id: event for event in events}


async def events_recorded(
    uow: UnitOfWork,
    since: datetime,
    until: datetime,
    after: tuple[datetime, UUID],
    types: Types,
    product_events: Sequence[str],
    limit: int,
    *,
    include_quiet: bool,
) -> Sequence[RecordedEvent]:
    """What came to the feed in a span of machine time; of product events, those named."""
    return await queries.events_recorded(
        uow, since, until, after, types, product_events, limit, include_quiet=include_quiet
    )


async def forget_old(service: Service) -> bool:
    async with service.units.across_workspaces() as scope:
        gone = await queries.forget_events(scope, KEPT_DAYS, _FORGET_AT_ONCE)
    return gone == _FORGET_AT_ONCE


def _event_json(row: EventRow, cursors: FeedCursors) -> bytes:
    scalars = {
        "id": row.id,
        "type": row.type,
        "timestamp": row.occurred_at,
        "recorded_at": row.recorded_at,
        "quiet_batch_id": row.quiet_batch_id,
        "cursor": cursors.write(int(row.place_xid), row.seq),
    }
    return json_object(scalars, [("data", row.data), ("cause", row.cause)])


def _page(events: Sequence[bytes], next_after: str, *, has_more: bool) -> bytes:
    around = to_json({"next_after": next_after, "has_more": has_more})
    return b'{"data":' + json_array(events) + b"," + around[1:]
