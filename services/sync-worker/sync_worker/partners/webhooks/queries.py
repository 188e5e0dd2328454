from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, insert, or_, select, text, update

from shared.data import WORKSPACE, Transaction
from shared.keys import Keys
from shared.uow import UnitOfWork
from sync_worker.partners.webhooks.models import webhook_endpoints, webhook_secrets
from sync_worker.partners.webhooks.rows import (
    EndpointChanges,
    Subscriber,
    WebhookEndpoint,
    WebhookSecret,
)

KEYS = Keys("webhook_endpoint", "webhook_endpoints", "removed_at is null")
_THERE = select(webhook_endpoints).where(
    webhook_endpoints.c.workspace_id == WORKSPACE, webhook_endpoints.c.removed_at.is_(None)
)
_BY_ID = _THERE.where(webhook_endpoints.c.id == bindparam("endpoint_id"))
# Not against the deliveries that point to it: their key stays.
_BY_ID_LOCKED = _BY_ID.with_for_update(key_share=True)


async def endpoint_by_id(
    uow: UnitOfWork, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint | None:
    statement = _BY_ID_LOCKED if lock else _BY_ID
    return await uow.row(WebhookEndpoint, statement, endpoint_id=endpoint_id)


async def insert_endpoint(
    uow: UnitOfWork, endpoint_id: UUID, new: EndpointChanges
) -> WebhookEndpoint:
    row = insert(webhook_endpoints).values(id=endpoint_id, **new).returning(webhook_endpoints)
    return await uow.one(WebhookEndpoint, row)


async def change_endpoint(
    uow: UnitOfWork, endpoint_id: UUID, changes: EndpointChanges
) -> WebhookEndpoint:
    """What people see changed: another version of it."""
    return await _written(
        uow,
        endpoint_id,
        {
            **changes,
            "version": webhook_endpoints.c.version + 1,
            "updated_at": func.clock_timestamp(),
        },
    )


async def record_health(
    uow: UnitOfWork, endpoint_id: UUID, changes: EndpointChanges
) -> WebhookEndpoint:
    """How it is doing is no edit: the version stays."""
    return await _written(uow, endpoint_id, changes)


async def _written(
    uow: UnitOfWork, endpoint_id: UUID, values: Mapping[str, object]
) -> WebhookEndpoint:
    changed = (
        update(webhook_endpoints)
        .where(
            webhook_endpoints.c.workspace_id == uow.workspace_id,
            webhook_endpoints.c.id == endpoint_id,
        )
        .values(**values)
        .returning(webhook_endpoints)
    )
    return await uow.one(WebhookEndpoint, changed)


async def endpoints_page(
    uow: UnitOfWork, after: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    statement = _THERE if after is None else _THERE.where(webhook_endpoints.c.id > after)
    page = statement.order_by(webhook_endpoints.c.id).limit(limit + 1)
    return await uow.rows(WebhookEndpoint, page)


_COUNT = text(
    """
    select count(*) from webhook_endpoints
    where workspace_id = :workspace_id and removed_at is null
    """
)


async def count_endpoints(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT)


_SUBSCRIBERS = text(
    """
    select id, types, include_quiet, product_events from webhook_endpoints
    where workspace_id = :workspace_id and status = 'enabled' and removed_at is null
    """
)


async def subscribers(uow: UnitOfWork) -> Sequence[Subscriber]:
    return await uow.rows(Subscriber, _SUBSCRIBERS)


_LIVE_SECRETS = (
    select(webhook_secrets.c.id, webhook_secrets.c.sealed, webhook_secrets.c.expires_at)
    .where(
        webhook_secrets.c.workspace_id == WORKSPACE,
        webhook_secrets.c.endpoint_id == bindparam("endpoint_id"),
        or_(
            webhook_secrets.c.expires_at.is_(None),
            webhook_secrets.c.expires_at > func.clock_timestamp(),
        ),
    )
    .order_by(webhook_secrets.c.id.desc())
)


async def live_secrets(uow: UnitOfWork, endpoint_id: UUID) -> Sequence[WebhookSecret]:
    """Those that sign now, the newest first."""
    return await uow.rows(WebhookSecret, _LIVE_SECRETS, endpoint_id=endpoint_id)


_ADD_SECRET = text(
    """
    insert into webhook_secrets (workspace_id, endpoint_id, id, sealed)
    values (:workspace_id, :endpoint_id, :id, :sealed)
    """
)
_END_SECRETS = text(
    """
    update webhook_secrets set expires_at = :until
    where workspace_id = :workspace_id and endpoint_id = :endpoint_id and expires_at is null
    """
)


async def add_secret(uow: UnitOfWork, endpoint_id: UUID, secret_id: UUID, sealed: bytes) -> None:
    await uow.run(_ADD_SECRET, endpoint_id=endpoint_id, id=secret_id, sealed=sealed)


async def end_secrets(uow: UnitOfWork, endpoint_id: UUID, until: datetime) -> None:
    """Those that would sign for ever sign until then."""
    await uow.run(_END_SECRETS, endpoint_id=endpoint_id, until=until)


_END_REST = text(
    """
    update webhook_endpoints set rests_until = null
    where workspace_id = :workspace_id and id = :id and rests_until is not null
    """
)


async def end_rest(uow: UnitOfWork, endpoint_id: UUID) -> None:
    await uow.run(_END_REST, id=endpoint_id)


_FORGET_SECRETS = text("delete from webhook_secrets where expires_at < clock_timestamp()")


async def forget_expired_secrets(scope: Transaction) -> None:
    """Of all workspaces."""
    await scope.run(_FORGET_SECRETS)


_ERASE_SECRETS = text(
    "delete from webhook_secrets where workspace_id = :workspace_id and endpoint_id = :id"
)


async def erase_secrets(uow: UnitOfWork, endpoint_id: UUID) -> None:
    await uow.run(_ERASE_SECRETS, id=endpoint_id)


_REMOVED = text("select workspace_id, id from webhook_endpoints where removed_at is not null")


@dataclass(frozen=True, slots=True)
class RemovedEndpoint:
    workspace_id: UUID
    id: UUID


async def removed_endpoints(scope: Transaction) -> Sequence[RemovedEndpoint]:
    """Of all workspaces."""
    return await scope.rows(RemovedEndpoint, _REMOVED)


_PURGE = text(
    """
    delete from webhook_deliveries where ctid in (
        select ctid from webhook_deliveries
        where workspace_id = :workspace_id and endpoint_id = :id limit :limit)
    """
)
_REMOVE = text(
    """
    delete from webhook_endpoints
    where workspace_id = :workspace_id and id = :id and removed_at is not null
    """
)


async def purge_endpoint(uow: UnitOfWork, endpoint_id: UUID, limit: int) -> bool:
    """A step of clearing away a removed endpoint; True when there is more of it."""
    if await uow.run(_PURGE, id=endpoint_id, limit=limit) == limit:
        return True
    await uow.run(_REMOVE, id=endpoint_id)
    return False
