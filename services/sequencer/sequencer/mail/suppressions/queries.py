from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text

from sequencer.mail.suppressions.models import suppressions
from sequencer.mail.suppressions.rows import ActiveSuppression, Suppression
from sequencer.pages import rows_of_page
from shared.data import WORKSPACE
from shared.uow import UnitOfWork

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
    """
)


async def suppress(uow: UnitOfWork, suppression: Suppression) -> bool:
    """False when the address is suppressed already, for as good a reason."""
    return await uow.run(_SUPPRESS, **asdict(suppression)) > 0


_ACTIVE = text(
    """
    select address, reason, expires_at from suppressions
    where workspace_id = :workspace_id and address = any(:addresses)
      and (expires_at is null or expires_at > :now)
    """
)


async def active(
    uow: UnitOfWork, addresses: Collection[str], now: datetime
) -> list[ActiveSuppression]:
    return await uow.rows(ActiveSuppression, _ACTIVE, addresses=list(addresses), now=now)


_SELECT = select(
    *(column for column in suppressions.c if column is not suppressions.c.workspace_id)
).where(suppressions.c.workspace_id == WORKSPACE)
_BY_ID = _SELECT.where(suppressions.c.id == bindparam("suppression_id"))
_BY_ADDRESS = _SELECT.where(suppressions.c.address == bindparam("address"))


async def suppression_by_id(uow: UnitOfWork, suppression_id: UUID) -> Suppression | None:
    return await uow.row(Suppression, _BY_ID, suppression_id=suppression_id)


async def suppression_of(uow: UnitOfWork, address: str) -> Suppression | None:
    return await uow.row(Suppression, _BY_ADDRESS, address=address)


async def suppressions_page(
    uow: UnitOfWork, *, address: str | None, after_id: UUID | None, limit: int
) -> list[Suppression]:
    """Newest first."""
    return await rows_of_page(
        uow, Suppression, suppressions, {"address": address}, after_id=after_id, limit=limit
    )


_DELETE = text("delete from suppressions where workspace_id = :workspace_id and id = :id")


async def delete_suppression(uow: UnitOfWork, suppression_id: UUID) -> None:
    await uow.run(_DELETE, id=suppression_id)
