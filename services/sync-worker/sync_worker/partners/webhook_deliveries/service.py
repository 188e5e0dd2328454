"""The log of what was sent where, and what is sent again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Fault, Invalid, NotFound
from shared.feed import dead_events
from shared.ids import new_id
from shared.paging import CursorSigner
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.partner_events.rules import TRACKED, lets_through
from sync_worker.partners.partner_events.service import KEPT_DAYS, KeptEvent
from sync_worker.partners.webhook_deliveries import queries
from sync_worker.partners.webhook_deliveries.queries import DeliveryFilter
from sync_worker.partners.webhook_deliveries.rows import (
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
)
from sync_worker.partners.webhook_deliveries.rules import DeliveryOrigin, body_of, body_of_test
from sync_worker.partners.webhook_deliveries.schemas import ReplayIn
from sync_worker.partners.webhooks import service as webhooks
from sync_worker.partners.webhooks.service import WebhookEndpoint

__all__ = ["WebhookDelivery"]

REPLAYED_AT_ONCE = 5000
_FORGET_AT_ONCE = 1000
_NOBODY = UUID(int=0)


class DeliveryNotFound(NotFound):
    title = "There is no such webhook delivery"


class UnderWay(Conflict):
    code = "webhook_delivery_under_way"
    title = "The delivery is being sent at this moment"
    retryable = True


async def fan_out(
    uow: UnitOfWork,
    event_id: UUID,
    public_type: str,
    payload: Mapping[str, Any],
    *,
    is_new: bool,
    is_quiet: bool,
) -> None:
    """One delivery for each endpoint that wants to hear the event, in the event's transaction. One
    of which that fails has another chance when the event is heard again, then `is_new` no longer.
    """
    told = set() if is_new else await _told(uow, event_id)
    rows = [
        NewDelivery(new_id(), endpoint.id, event_id, public_type)
        for endpoint in await webhooks.subscribers(uow)
        if endpoint.id not in told
        and lets_through(endpoint.types, public_type)
        and (endpoint.include_quiet or not is_quiet)
        and (public_type != TRACKED or payload.get("event") in endpoint.product_events)
    ]
    await dead_events.apply_to_batch(uow, rows, partial(_add, uow, "event"))


async def _told(uow: UnitOfWork, event_id: UUID) -> set[UUID]:
    """Endpoints that the event is, or was, on its way to."""
    of_event: DeliveryFilter = {"event_id": event_id, "origin": "event"}
    deliveries = await queries.deliveries_page(uow, of_event, None, webhooks.MOST_ENDPOINTS)
    return {delivery.endpoint_id for delivery in deliveries}


async def get_delivery(
    uow: UnitOfWork, delivery_id: UUID, *, lock: bool = False
) -> WebhookDelivery:
    delivery = await queries.delivery_by_id(uow, delivery_id, lock=lock)
    if delivery is None:
        raise DeliveryNotFound(f"Deliveries are kept for {KEPT_DAYS} days.")
    return delivery


async def attempts_of(uow: UnitOfWork, delivery_id: UUID) -> Sequence[WebhookAttempt]:
    return await queries.attempts_of(uow, delivery_id)


async def body_to_show(uow: UnitOfWork, delivery: WebhookDelivery, public_url: str) -> str | None:
    """What is or was sent; None when its event is no longer kept."""
    events = await partner_events.events_by_id(uow, [delivery.event_id])
    event = events.get(delivery.event_id)
    body = body_to_send(
        delivery.origin, delivery.endpoint_id, delivery.created_at, event, public_url
    )
    return body.decode() if body is not None else None


def body_to_send(
    origin: DeliveryOrigin,
    endpoint_id: UUID,
    created_at: datetime,
    event: KeptEvent | None,
    public_url: str,
) -> bytes | None:
    """The same bytes at every attempt, so that every signature is of the same content."""
    if origin == "test":
        return body_of_test(endpoint_id, created_at)
    if event is None:
        return None
    said = event.id, event.type, event.timestamp, event.data
    return body_of(*said, public_url, event.quiet_batch_id)


async def list_deliveries(
    uow: UnitOfWork, filters: DeliveryFilter, before: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    return await queries.deliveries_page(uow, filters, before, limit)


async def retry_delivery(uow: UnitOfWork, delivery_id: UUID) -> WebhookDelivery:
    """Due now, whatever became of it before. Raises `UnderWay` or `EndpointDisabled`."""
    delivery = await get_delivery(uow, delivery_id, lock=True)
    await webhooks.send_again(uow, delivery.endpoint_id)
    if delivery.lease_token is not None and delivery.due_at > await uow.machine_now():
        raise UnderWay("Look again in a moment.", retry_after=1)
    uow.wake_worker()
    return await queries.make_due(uow, delivery_id)


async def replay(
    uow: UnitOfWork, cursors: CursorSigner, endpoint_id: UUID, wish: ReplayIn
) -> dict[str, Any]:
    """New deliveries of events that there were: a span of time, some by id, or what failed."""
    endpoint = await webhooks.send_again(uow, endpoint_id)
    next_cursor: str | None = None
    if wish.event_ids is not None:
        events = await _named(uow, wish.event_ids)
        has_more = False
    elif wish.failed_only:
        found = await queries.failed_events(uow, endpoint_id, REPLAYED_AT_ONCE + 1)
        has_more = len(found) > REPLAYED_AT_ONCE
        events = [(each.id, each.type) for each in found[:REPLAYED_AT_ONCE]]
    else:
        events, next_cursor = await _span(uow, cursors, endpoint, wish)
        has_more = next_cursor is not None
    await _add(uow, "replay", [NewDelivery(new_id(), endpoint_id, *event) for event in events])
    return {"deliveries": len(events), "has_more": has_more, "next_cursor": next_cursor}


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_due(uow)


async def forget_old(service: Service) -> bool:
    async with service.units.across_workspaces() as scope:
        gone = await queries.forget_deliveries(scope, KEPT_DAYS, _FORGET_AT_ONCE)
    return gone == _FORGET_AT_ONCE


async def _add(uow: UnitOfWork, origin: DeliveryOrigin, rows: Sequence[NewDelivery]) -> None:
    if rows:
        await queries.add_deliveries(uow, origin, rows)
        uow.wake_worker()


async def _named(uow: UnitOfWork, ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Named events are sent whether the endpoint's filter lets them through or not."""
    kept = await partner_events.events_by_id(uow, ids)
    faults = [
        Fault(f"/event_ids/{place}", "unknown_event", "There is no such event.")
        for place, each in enumerate(ids)
        if each not in kept
    ]
    if faults:
        raise Invalid(f"Nothing was replayed. Events are kept {KEPT_DAYS} days.", faults=faults)
    return [(each, kept[each].type) for each in dict.fromkeys(ids)]


async def _span(
    uow: UnitOfWork, cursors: CursorSigner, endpoint: WebhookEndpoint, wish: ReplayIn
) -> tuple[list[tuple[UUID, str]], str | None]:
    """A page of the events recorded from `since` to `until`, and where the next begins."""
    since = wish.since or datetime.min.replace(tzinfo=UTC)
    shape = ["replay", str(endpoint.id), since.isoformat()]
    until = wish.until or await uow.machine_now()
    after = (since, _NOBODY)
    if wish.cursor:
        place = cursors.read(wish.cursor, uow.workspace_id, shape)
        until, after = (
            datetime.fromisoformat(place[2]),
            (
                datetime.fromisoformat(place[0]),
                UUID(place[1]),
            ),
        )
    found = await partner_events.events_recorded(
        uow,
        since,
        until,
        after,
        partner_events.checked_types(endpoint.types, "/types/{}"),
        endpoint.product_events,
        REPLAYED_AT_ONCE + 1,
        include_quiet=endpoint.include_quiet,
    )
    events = [(each.id, each.type) for each in found[:REPLAYED_AT_ONCE]]
    if len(found) <= REPLAYED_AT_ONCE:
        return events, None
    last = found[REPLAYED_AT_ONCE - 1]
    position = [last.recorded_at.isoformat(), str(last.id), until.isoformat()]
    return events, cursors.sign(uow.workspace_id, shape, position)
