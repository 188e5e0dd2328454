from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text, update

from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork
from sync_worker.connections.models import connections
from sync_worker.connections.rows import Connection, ConnectionChanges, NewConnection


@dataclass(frozen=True, slots=True)
class Claim:
    """A connection that is ours to read until the lease ends."""

    workspace_id: UUID
    connection_id: UUID
    token: UUID


@dataclass(frozen=True, slots=True)
class TokenRow:
    sealed: bytes | None
    generation: int


_THERE = select(connections).where(
    connections.c.workspace_id == WORKSPACE, connections.c.removed_at.is_(None)
)
_BY_ID = _THERE.where(connections.c.id == bindparam("connection_id"))


async def connection_by_id(
    uow: UnitOfWork, connection_id: UUID, *, lock: bool = False
) -> Connection | None:
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    return await uow.row(Connection, statement, connection_id=connection_id)


async def insert_connection(uow: UnitOfWork, new: NewConnection) -> Connection:
    row = insert(connections).values(**new).returning(connections)
    return await uow.one(Connection, row)


async def change_connection(
    uow: UnitOfWork, connection_id: UUID, changes: ConnectionChanges
) -> Connection:
    changed = (
        update(connections)
        .where(connections.c.workspace_id == uow.workspace_id, connections.c.id == connection_id)
        .values(**changes, updated_at=func.clock_timestamp())
        .returning(connections)
    )
    return await uow.one(Connection, changed)


async def connections_page(uow: UnitOfWork, after: UUID | None, limit: int) -> Sequence[Connection]:
    statement = _THERE if after is None else _THERE.where(connections.c.id > after)
    return await uow.rows(Connection, statement.order_by(connections.c.id).limit(limit + 1))


_OF_SYSTEMS = _THERE.where(connections.c.system.in_(bindparam("systems", expanding=True))).order_by(
    connections.c.id
)


async def connections_of_systems(uow: UnitOfWork, systems: Sequence[str]) -> Sequence[Connection]:
    return await uow.rows(Connection, _OF_SYSTEMS, systems=list(systems))


@dataclass(frozen=True, slots=True)
class WorkspaceDefaults:
    currency: str = "USD"
    time_zone: str = "UTC"


_DEFAULTS = text("select currency, time_zone from workspaces where workspace_id = :workspace_id")


async def workspace_defaults(uow: UnitOfWork) -> WorkspaceDefaults:
    return await uow.row(WorkspaceDefaults, _DEFAULTS) or WorkspaceDefaults()


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
    returning c.workspace_id, c.id as connection_id, c.lease_token as token
    """
)


async def claim_due(
    scope: Transaction, systems: Sequence[str], limit: int, seconds: float
) -> list[Claim]:
    """Lease connections of all workspaces that are due and that no live worker holds."""
    return await scope.rows(Claim, _DUE, systems=list(systems), limit=limit, seconds=seconds)


_RENEW = text(
    """
    update connections
    set lease_until = clock_timestamp() + make_interval(secs => :seconds)
    where workspace_id = :workspace_id and id = :id and lease_token = :token
      and lease_until > clock_timestamp() and status in ('ok', 'failing') and removed_at is null
    """
)


async def renew_lease(uow: UnitOfWork, claim: Claim, seconds: float) -> bool:
    """False when the lease was lost, or the connection paused or removed: stop."""
    where = {"id": claim.connection_id, "token": claim.token}
    return bool(await uow.run(_RENEW, **where, seconds=seconds))


_COUNT_TROUBLED = text(
    """
    update connections set rejected_records = :rejected, warned_records = :warned
    where workspace_id = :workspace_id and id = :id
    """
)


async def count_troubled(uow: UnitOfWork, connection_id: UUID, rejected: int, warned: int) -> None:
    await uow.run(_COUNT_TROUBLED, id=connection_id, rejected=rejected, warned=warned)


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


async def token_row(uow: UnitOfWork, connection_id: UUID) -> TokenRow:
    row = await uow.row(TokenRow, _TOKEN, id=connection_id)
    if row is None:
        await uow.run(_EMPTY_TOKEN, id=connection_id)
        return TokenRow(None, 0)
    return row


async def claim_refresh(
    uow: UnitOfWork, connection_id: UUID, *, by: UUID, generation: int, seconds: float
) -> bool:
    """True for one process at a time, and only while nobody has stored a newer session."""
    where = {"id": connection_id, "generation": generation}
    return bool(await uow.run(_CLAIM_REFRESH, **where, by=by, seconds=seconds))


async def store_token(uow: UnitOfWork, connection_id: UUID, *, by: UUID, sealed: bytes) -> bool:
    """False when the claim of `by` has run out: someone else's token stands."""
    return bool(await uow.run(_STORE_TOKEN, id=connection_id, by=by, sealed=sealed))


async def give_up_refresh(uow: UnitOfWork, connection_id: UUID, *, by: UUID) -> None:
    await uow.run(_GIVE_UP_REFRESH, id=connection_id, by=by)


async def forget_token(uow: UnitOfWork, connection_id: UUID) -> None:
    await uow.run(_FORGET_TOKEN, id=connection_id)


_REMOVED = text("select workspace_id, id from connections where removed_at is not null limit 10")
_PURGE_RECORDS = text(
    """
    delete from source_records where ctid in (
        select ctid from source_records
        where workspace_id = :workspace_id and connection_id = :id limit 5000)
    """
)
_PURGE = text("delete from connections where workspace_id = :workspace_id and id = :id")


@dataclass(frozen=True, slots=True)
class RemovedConnection:
    workspace_id: UUID
    id: UUID


async def removed_connections(scope: Transaction) -> list[RemovedConnection]:
    """Of all workspaces: connections that are gone for their users and not yet from the tables."""
    return await scope.rows(RemovedConnection, _REMOVED)


async def purge_connection(uow: UnitOfWork, connection_id: UUID) -> bool:
    """The next few thousand rows of it, then the connection itself; True while rows remain."""
    if await uow.run(_PURGE_RECORDS, id=connection_id):
        return True
    await uow.run(_PURGE, id=connection_id)
    return False
