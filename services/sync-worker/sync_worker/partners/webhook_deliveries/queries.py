from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select, text

from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork
from sync_worker.partners.webhook_deliveries.models import webhook_deliveries
from sync_worker.partners.webhook_deliveries.rows import (
    NewDelivery,
    WebhookAttempt,
    WebhookDelivery,
)
from sync_worker.partners.webhook_deliveries.rules import DeliveryOrigin, DeliveryStatus

_ADD = text(
    """
    insert into webhook_deliveries (workspace_id, id, endpoint_id, event_id, type, origin)
    select :workspace_id, each.id, each.endpoint_id, each.event_id, each.type, :origin
    from unnest(cast(:ids as uuid[]), cast(:endpoint_ids as uuid[]), cast(:event_ids as uuid[]),
                cast(:types as text[])) as each(id, endpoint_id, event_id, type)
    """
)


async def add_deliveries(
    uow: UnitOfWork, origin: DeliveryOrigin, rows: Sequence[NewDelivery]
) -> None:
    await uow.run(
        _ADD,
        origin=origin,
        ids=[row.id for row in rows],
        endpoint_ids=[row.endpoint_id for row in rows],
        event_ids=[row.event_id for row in rows],
        types=[row.type for row in rows],
    )


_OF_WORKSPACE = select(webhook_deliveries).where(webhook_deliveries.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(webhook_deliveries.c.id == bindparam("delivery_id"))


async def delivery_by_id(
    uow: UnitOfWork, delivery_id: UUID, *, lock: bool = False
) -> WebhookDelivery | None:
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    return await uow.row(WebhookDelivery, statement, delivery_id=delivery_id)


class DeliveryFilter(TypedDict, total=False):
    """Columns and what they must be; None is anything."""

    endpoint_id: UUID | None
    event_id: UUID | None
    status: DeliveryStatus | None
    type: str | None
    origin: DeliveryOrigin | None


async def deliveries_page(
    uow: UnitOfWork, filters: DeliveryFilter, before: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Newest first."""
    statement = _OF_WORKSPACE
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(webhook_deliveries.c[name] == value)
    if before is not None:
        statement = statement.where(webhook_deliveries.c.id < before)
    page = statement.order_by(webhook_deliveries.c.id.desc()).limit(limit + 1)
    return await uow.rows(WebhookDelivery, page)


_RETRY = text(
    """
    update webhook_deliveries set status = 'pending', due_at = clock_timestamp(), finished_at = null
    where workspace_id = :workspace_id and id = :delivery_id
    returning *
    """
)


async def make_due(uow: UnitOfWork, delivery_id: UUID) -> WebhookDelivery:
    return await uow.one(WebhookDelivery, _RETRY, delivery_id=delivery_id)


_ATTEMPTS = text(
    """
    select number, started_at, status_code, milliseconds, error, response from webhook_attempts
    where workspace_id = :workspace_id and delivery_id = :delivery_id order by number
    """
)


async def attempts_of(uow: UnitOfWork, delivery_id: UUID) -> Sequence[WebhookAttempt]:
    return await uow.rows(WebhookAttempt, _ATTEMPTS, delivery_id=delivery_id)


_FAILED = text(
    """
    select distinct failed.event_id as id, failed.type from webhook_deliveries failed
    where failed.workspace_id = :workspace_id and failed.endpoint_id = :endpoint_id
      and failed.status = 'failed' and failed.origin <> 'test'
      and exists (
          select from partner_events event
          where event.workspace_id = failed.workspace_id and event.id = failed.event_id)
      and not exists (
          select from webhook_deliveries other
          where other.workspace_id = failed.workspace_id and other.event_id = failed.event_id
            and other.endpoint_id = failed.endpoint_id and other.status <> 'failed')
    order by failed.event_id
    limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class FailedEvent:
    id: UUID
    type: str


async def failed_events(uow: UnitOfWork, endpoint_id: UUID, limit: int) -> Sequence[FailedEvent]:
    """Events that are still kept, never got through and are not on their way."""
    return await uow.rows(FailedEvent, _FAILED, endpoint_id=endpoint_id, limit=limit)


_DUE = text(
    """
    select count(*) from webhook_deliveries d
    join webhook_endpoints e on e.workspace_id = d.workspace_id and e.id = d.endpoint_id
    where d.workspace_id = :workspace_id and d.status = 'pending'
      and (d.due_at <= statement_timestamp() or d.lease_token is not null)
      and e.status = 'enabled' and e.removed_at is null
      and (e.rests_until is null or e.rests_until <= statement_timestamp())
    """
)


async def count_due(uow: UnitOfWork) -> int:
    """Due now or under way."""
    return await uow.one_value(int, _DUE)


_FORGET = text(
    """
    delete from webhook_deliveries where ctid in (
        select ctid from webhook_deliveries
        where created_at < clock_timestamp() - make_interval(days => :days) limit :limit)
    """
)


async def forget_deliveries(scope: Transaction, days: int, limit: int) -> int:
    """Of all workspaces."""
    return await scope.run(_FORGET, days=days, limit=limit)
