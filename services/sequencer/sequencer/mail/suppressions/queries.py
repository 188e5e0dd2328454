from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sequencer.mail.suppressions.models import Suppression

# A stronger reason replaces a weaker one: what the recipient wants outlasts what machines reported.
_SUPPRESS = text(
    """
    insert into suppressions
        (workspace_id, id, address, reason, note, message_id, expires_at, created_at)
    values (:workspace_id, :id, :address, :reason, :note, :message_id, :expires_at, :created_at)
    on conflict (workspace_id, address) do update
    set reason = excluded.reason, note = excluded.note, message_id = excluded.message_id,
        expires_at = excluded.expires_at, created_at = excluded.created_at
    where suppressions.expires_at is not null
       or (excluded.expires_at is null
           and suppressions.reason not in ('unsubscribed', 'complained')
           and excluded.reason in ('unsubscribed', 'complained'))
    returning id
    """
)
_STANDING = text(
    """
    select address, reason, expires_at from suppressions
    where workspace_id = :workspace_id and address = any(:addresses)
      and (expires_at is null or expires_at > :now)
    """
)


async def suppress(session: AsyncSession, workspace_id: UUID, row: dict[str, Any]) -> UUID | None:
    found = await session.execute(_SUPPRESS, {"workspace_id": workspace_id, **row})
    made: UUID | None = found.scalar_one_or_none()
    return made


async def standing(
    session: AsyncSession, workspace_id: UUID, addresses: Collection[str], now: datetime
) -> list[Any]:
    """Address, reason and end of those that stand now."""
    rows = await session.execute(
        _STANDING, {"workspace_id": workspace_id, "addresses": list(addresses), "now": now}
    )
    return list(rows)


async def suppression_by_id(
    session: AsyncSession, workspace_id: UUID, suppression_id: UUID
) -> Suppression | None:
    found = select(Suppression).where(
        Suppression.workspace_id == workspace_id, Suppression.id == suppression_id
    )
    return (await session.scalars(found)).one_or_none()


async def suppression_of(
    session: AsyncSession, workspace_id: UUID, address: str
) -> Suppression | None:
    found = select(Suppression).where(
        Suppression.workspace_id == workspace_id, Suppression.address == address
    )
    return (await session.scalars(found)).one_or_none()


async def suppressions_page(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    address: str | None,
    after_id: UUID | None,
    limit: int,
) -> list[Suppression]:
    """Newest first."""
    page = select(Suppression).where(Suppression.workspace_id == workspace_id)
    if address is not None:
        page = page.where(Suppression.address == address)
    if after_id is not None:
        page = page.where(Suppression.id < after_id)
    return list(await session.scalars(page.order_by(Suppression.id.desc()).limit(limit + 1)))
