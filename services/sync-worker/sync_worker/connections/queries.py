from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from sync_worker.connections.models import Connection


@dataclass(frozen=True)
class Claim:
    """A connection that is ours to read until the lease ends."""

    workspace_id: UUID
    connection_id: UUID
    token: UUID


@dataclass(frozen=True)
class TokenRow:
    sealed: bytes | None
    generation: int


async def connection_by_id(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, *, lock: bool = False
) -> Connection | None:
    found = select(Connection).where(
        Connection.workspace_id == workspace_id,
        Connection.id == connection_id,
        Connection.removed_at.is_(None),
    )
    if lock:
        found = found.with_for_update()
    return (await session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def connections_page(
    session: AsyncSession, workspace_id: UUID, after: UUID | None, limit: int
) -> Sequence[Connection]:
    found = select(Connection).where(
        Connection.workspace_id == workspace_id, Connection.removed_at.is_(None)
    )
    if after is not None:
        found = found.where(Connection.id > after)
    return (await session.scalars(found.order_by(Connection.id).limit(limit + 1))).all()


async def connections_of_systems(
    session: AsyncSession, workspace_id: UUID, systems: Sequence[str]
) -> Sequence[Connection]:
    found = select(Connection).where(
        Connection.workspace_id == workspace_id,
        Connection.system.in_(systems),
        Connection.removed_at.is_(None),
    )
    return (await session.scalars(found.order_by(Connection.id))).all()


async def workspace_defaults(session: AsyncSession, workspace_id: UUID) -> tuple[str, str]:
    """Currency and time zone."""
    found = await session.execute(
        text("select currency, time_zone from workspaces where workspace_id = :workspace_id"),
        {"workspace_id": workspace_id},
    )
    row = found.one_or_none()
    return (row.currency, row.time_zone) if row else ("USD", "UTC")


_DUE = text(
    """
    with due as (
        select workspace_id, id from connections
        where system = any(:systems) and status in ('ok', 'failing') and removed_at is null
          and next_run_at <= clock_timestamp()
          and (lease_until is null or lease_until < clock_timestamp())
        order by next_run_at
        limit :limit
        for update skip locked
    )
    update connections c
    set lease_token = gen_random_uuid(),
        lease_until = clock_timestamp() + make_interval(secs => :seconds)
    from due
    where c.workspace_id = due.workspace_id and c.id = due.id
    returning c.workspace_id, c.id, c.lease_token
    """
)


async def claim_due(
    session: AsyncSession, systems: Sequence[str], limit: int, seconds: float
) -> list[Claim]:
    """Lease connections of all workspaces that are due and that no live worker holds."""
    rows = await session.execute(
        _DUE, {"systems": list(systems), "limit": limit, "seconds": seconds}
    )
    return [Claim(row.workspace_id, row.id, row.lease_token) for row in rows]


_RENEW = text(
    """
    update connections
    set lease_until = clock_timestamp() + make_interval(secs => :seconds)
    where workspace_id = :workspace_id and id = :id and lease_token = :token
      and lease_until > clock_timestamp() and status in ('ok', 'failing') and removed_at is null
    """
)


async def renew_lease(session: AsyncSession, claim: Claim, seconds: float) -> bool:
    """False when the lease was lost, or the connection paused or removed: stop."""
    done = await session.execute(
        _RENEW,
        {
            "workspace_id": claim.workspace_id,
            "id": claim.connection_id,
            "token": claim.token,
            "seconds": seconds,
        },
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


_COUNT_TROUBLED = text(
    """
    update connections set rejected_records = :rejected, warned_records = :warned
    where workspace_id = :workspace_id and id = :id
    """
)


async def count_troubled(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, rejected: int, warned: int
) -> None:
    await session.execute(
        _COUNT_TROUBLED,
        {"workspace_id": workspace_id, "id": connection_id, "rejected": rejected, "warned": warned},
    )


_EMPTY_TOKEN = text(
    """
    insert into connection_tokens (workspace_id, connection_id) values (:workspace_id, :id)
    on conflict do nothing
    """
)
_TOKEN = text(
    """
    select sealed, generation from connection_tokens
    where workspace_id = :workspace_id and connection_id = :id
    """
)
_CLAIM_REFRESH = text(
    """
    update connection_tokens
    set refreshing_by = :by, refreshing_until = clock_timestamp() + make_interval(secs => :seconds)
    where workspace_id = :workspace_id and connection_id = :id and generation = :generation
      and (refreshing_until is null or refreshing_until < clock_timestamp())
    """
)
_STORE_TOKEN = text(
    """
    update connection_tokens
    set sealed = :sealed, generation = generation + 1, obtained_at = clock_timestamp(),
        refreshing_by = null, refreshing_until = null
    where workspace_id = :workspace_id and connection_id = :id and refreshing_by = :by
    """
)
_GIVE_UP_REFRESH = text(
    """
    update connection_tokens set refreshing_by = null, refreshing_until = null
    where workspace_id = :workspace_id and connection_id = :id and refreshing_by = :by
    """
)
_FORGET_TOKEN = text(
    """
    update connection_tokens
    set sealed = null, generation = generation + 1, refreshing_by = null, refreshing_until = null
    where workspace_id = :workspace_id and connection_id = :id
    """
)


async def token_row(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> TokenRow:
    where = {"workspace_id": workspace_id, "id": connection_id}
    row = (await session.execute(_TOKEN, where)).one_or_none()
    if row is None:
        await session.execute(_EMPTY_TOKEN, where)
        return TokenRow(None, 0)
    return TokenRow(bytes(row.sealed) if row.sealed else None, row.generation)


async def claim_refresh(
    session: AsyncSession,
    workspace_id: UUID,
    connection_id: UUID,
    *,
    by: UUID,
    generation: int,
    seconds: float,
) -> bool:
    """True for one process at a time, and only while nobody has stored a newer session."""
    done = await session.execute(
        _CLAIM_REFRESH,
        {
            "workspace_id": workspace_id,
            "id": connection_id,
            "by": by,
            "generation": generation,
            "seconds": seconds,
        },
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def store_token(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, *, by: UUID, sealed: bytes
) -> bool:
    done = await session.execute(
        _STORE_TOKEN,
        {"workspace_id": workspace_id, "id": connection_id, "by": by, "sealed": sealed},
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


async def give_up_refresh(
    session: AsyncSession, workspace_id: UUID, connection_id: UUID, *, by: UUID
) -> None:
    await session.execute(
        _GIVE_UP_REFRESH, {"workspace_id": workspace_id, "id": connection_id, "by": by}
    )


async def forget_token(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> None:
    await session.execute(_FORGET_TOKEN, {"workspace_id": workspace_id, "id": connection_id})


_REMOVED = text("select workspace_id, id from connections where removed_at is not null limit 10")
_PURGE_RECORDS = text(
    """
    delete from source_records where ctid in (
        select ctid from source_records
        where workspace_id = :workspace_id and connection_id = :id limit 5000)
    """
)
_PURGE = text("delete from connections where workspace_id = :workspace_id and id = :id")


async def removed_connections(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """Of all workspaces: connections that are gone for their users and not yet from the tables."""
    return [(row.workspace_id, row.id) for row in await session.execute(_REMOVED)]


async def purge_connection(session: AsyncSession, workspace_id: UUID, connection_id: UUID) -> bool:
    """The next few thousand rows of it, then the connection itself; True while rows remain."""
    where = {"workspace_id": workspace_id, "id": connection_id}
    done = await session.execute(_PURGE_RECORDS, where)
    if done.rowcount:  # type: ignore[attr-defined]  # a DML result always counts
        return True
    await session.execute(_PURGE, where)
    return False


async def machine_now(session: AsyncSession) -> datetime:
    """The database's clock, which judges leases and schedules."""
    return cast("datetime", (await session.execute(text("select clock_timestamp()"))).scalar_one())
