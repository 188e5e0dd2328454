from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.partners.webhooks.models import WebhookEndpoint, WebhookSecret


async def endpoint_by_id(
    session: AsyncSession, workspace_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint | None:
    found = select(WebhookEndpoint).where(
        WebhookEndpoint.workspace_id == workspace_id,
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.removed_at.is_(None),
    )
    if lock:
        # Not against the deliveries that point to it: their key stays.
        found = found.with_for_update(key_share=True)
    return (await session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def endpoints_page(
    session: AsyncSession, workspace_id: UUID, after: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    found = select(WebhookEndpoint).where(
        WebhookEndpoint.workspace_id == workspace_id, WebhookEndpoint.removed_at.is_(None)
    )
    if after is not None:
        found = found.where(WebhookEndpoint.id > after)
    return (await session.scalars(found.order_by(WebhookEndpoint.id).limit(limit + 1))).all()


async def count_endpoints(session: AsyncSession, workspace_id: UUID) -> int:
    counted = select(func.count()).where(
        WebhookEndpoint.workspace_id == workspace_id, WebhookEndpoint.removed_at.is_(None)
    )
    return int((await session.execute(counted)).scalar_one())


async def enabled_filters(
    session: AsyncSession, workspace_id: UUID
) -> Sequence[tuple[UUID, list[str]]]:
    """Every endpoint that hears something, with its filter."""
    found = select(WebhookEndpoint.id, WebhookEndpoint.types).where(
        WebhookEndpoint.workspace_id == workspace_id,
        WebhookEndpoint.status == "enabled",
        WebhookEndpoint.removed_at.is_(None),
    )
    return [(row.id, row.types) for row in await session.execute(found)]


async def live_secrets(
    session: AsyncSession, workspace_id: UUID, endpoint_id: UUID
) -> Sequence[WebhookSecret]:
    """Those that sign now, the newest first."""
    found = select(WebhookSecret).where(
        WebhookSecret.workspace_id == workspace_id,
        WebhookSecret.endpoint_id == endpoint_id,
        (WebhookSecret.expires_at.is_(None)) | (WebhookSecret.expires_at > func.clock_timestamp()),
    )
    return (await session.scalars(found.order_by(WebhookSecret.id.desc()))).all()


_RESET = text(
    """
    update webhook_endpoints e
    set failures = 0, failing_since = null, rests_until = null
    from (
        select id from webhook_endpoints
        where workspace_id = :workspace_id and id = any(:ids) and failures > 0
        order by id
        for no key update) failing
    where e.workspace_id = :workspace_id and e.id = failing.id
    """
)


async def forget_failures(session: AsyncSession, workspace_id: UUID, ids: Sequence[UUID]) -> None:
    """Writes nothing for endpoints that were well before."""
    await session.execute(_RESET, {"workspace_id": workspace_id, "ids": list(ids)})


_END_REST = text(
    """
    update webhook_endpoints set rests_until = null
    where workspace_id = :workspace_id and id = :id and rests_until is not null
    """
)


async def end_rest(session: AsyncSession, workspace_id: UUID, endpoint_id: UUID) -> None:
    await session.execute(_END_REST, {"workspace_id": workspace_id, "id": endpoint_id})


_FORGET_SECRETS = text("delete from webhook_secrets where expires_at < clock_timestamp()")


async def forget_expired_secrets(session: AsyncSession) -> None:
    """Of all workspaces."""
    await session.execute(_FORGET_SECRETS)


_ERASE_SECRETS = text(
    "delete from webhook_secrets where workspace_id = :workspace_id and endpoint_id = :id"
)


async def erase_secrets(session: AsyncSession, workspace_id: UUID, endpoint_id: UUID) -> None:
    await session.execute(_ERASE_SECRETS, {"workspace_id": workspace_id, "id": endpoint_id})


_REMOVED = text("select workspace_id, id from webhook_endpoints where removed_at is not null")


async def removed_endpoints(session: AsyncSession) -> Sequence[tuple[UUID, UUID]]:
    """Of all workspaces."""
    return [(row.workspace_id, row.id) for row in await session.execute(_REMOVED)]


_PURGE = text(
    """
    with gone as (
        delete from webhook_deliveries where ctid in (
            select ctid from webhook_deliveries
            where workspace_id = :workspace_id and endpoint_id = :id limit :limit)
        returning 1
    )
    select count(*) from gone
    """
)
_REMOVE = text(
    """
    delete from webhook_endpoints
    where workspace_id = :workspace_id and id = :id and removed_at is not null
    """
)


async def purge_endpoint(
    session: AsyncSession, workspace_id: UUID, endpoint_id: UUID, limit: int
) -> bool:
    """A step of clearing away a removed endpoint; True when there is more of it."""
    where = {"workspace_id": workspace_id, "id": endpoint_id}
    if (await session.execute(_PURGE, {**where, "limit": limit})).scalar_one() == limit:
        return True
    await session.execute(_REMOVE, where)
    return False
