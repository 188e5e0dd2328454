"""PostgreSQL: naming rules, the transaction of a unit of work, refusals by constraint.

The engine runs in driver autocommit and this module sends `BEGIN` itself, because that lets the
workspace be set in the same round trip. Session level `SET` is never used: through a pooling proxy
it would leak one workspace's context to the next.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.errors import AppError, OutcomeUnknown, Unavailable
from shared.fault_points import faultpoint

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ALL_WORKSPACES = "*"
"""Scope of the few queries that find work across workspaces. Row-level security lets it through;
an architecture test lists by name who may use it."""

Scope = UUID | str


def service_metadata(schema: str) -> MetaData:
    return MetaData(schema=schema, naming_convention=NAMING)


class Database:
    """Connection pool of one process.

    Waiting longer than two seconds for a connection is a 503: a queue in front of a slow database
    helps nobody. The pool has no overflow: connections opened and closed under load cost more than
    the statements they carry.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self._pool_size = pool_size
        self.engine: AsyncEngine = create_async_engine(
            url,
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=2.0,
            pool_reset_on_return=None,
            json_serializer=lambda value: to_json(value).decode(),
            json_deserializer=from_json,
            connect_args={"timeout": 5, "server_settings": {"jit": "off"}},
        )

    async def close(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(
        self, scope: Scope, *, read_only: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A connection inside `BEGIN … COMMIT` that sees the rows of one workspace.

        Raises `Unavailable` when no connection can be had, `OutcomeUnknown` when the link broke
        during COMMIT.
        """
        connection = await self._begin(scope, read_only=read_only)
        finished = False
        try:
            try:
                yield connection
            except BaseException:
                finished = await _rolled_back(connection)
                raise
            await _commit(connection)
            finished = True
        finally:
            if not finished:
                # Cancelled or cut between BEGIN and its end: the pool must not hand it on.
                await connection.invalidate()
            await connection.close()

    async def _begin(self, scope: Scope, *, read_only: bool) -> AsyncConnection:
        workspace = ALL_WORKSPACES if scope == ALL_WORKSPACES else str(UUID(str(scope)))
        begin = f"BEGIN{' READ ONLY' if read_only else ''}"
        statement = f"{begin}; SELECT set_config('app.workspace_id', '{workspace}', true)"
        # A pooled connection that died while idle says nothing about the next one, and after a
        # restart of the server they are all dead.
        last_error: BaseException | None = None
        for _ in range(self._pool_size + 1):
            try:
                connection = await self.engine.connect()
            except (OSError, PoolTimeout, DBAPIError) as error:
                raise Unavailable("The database is not reachable.", retry_after=1) from error
            try:
                await _run(connection, statement)
            except BaseException as error:
                await connection.invalidate()
                await connection.close()
                if not is_connection_loss(error):
                    raise
                last_error = error
            else:
                return connection
        raise Unavailable("The database is not reachable.", retry_after=1) from last_error


async def _run(connection: AsyncConnection, statement: str) -> None:
    """Send `statement` by the simple protocol: several commands, one round trip."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.execute(statement)


async def _rolled_back(connection: AsyncConnection) -> bool:
    """Whether the server confirmed it. When the connection is lost, it rolls back by itself."""
    if connection.invalidated:
        return False
    try:
        await _run(connection, "ROLLBACK")
    except Exception as error:
        if is_connection_loss(error):
            return False
        raise
    return True


async def _commit(connection: AsyncConnection) -> None:
    faultpoint("db.before_commit")
    try:
        await _run(connection, "COMMIT")
    except Exception as error:
        if is_connection_loss(error):
            raise OutcomeUnknown(retry_after=1) from error
        raise
    faultpoint("db.after_commit")


def is_connection_loss(error: BaseException) -> bool:
    """Whether the error is about the connection, not about the statement."""
    from asyncpg import exceptions as pg  # noqa: PLC0415  (untyped package, one place)

    current: BaseException | None = error
    while current is not None:
        if isinstance(
            current, OSError | TimeoutError | PoolTimeout | InterfaceError | pg.InterfaceError
        ):
            return True
        if isinstance(
            current,
            pg.PostgresConnectionError
            | pg.AdminShutdownError
            | pg.CrashShutdownError
            | pg.CannotConnectNowError
            | pg.TooManyConnectionsError,
        ):
            return True
        if isinstance(current, DBAPIError) and current.connection_invalidated:
            return True
        current = current.__cause__ or (current.orig if isinstance(current, DBAPIError) else None)
    return False


def sqlstate(error: BaseException) -> str | None:
    orig = getattr(error, "orig", error)
    state = getattr(orig, "sqlstate", None) or getattr(
        getattr(orig, "__cause__", None), "sqlstate", None
    )
    return str(state) if state else None


@asynccontextmanager
async def refuse(constraint: str, refusal: AppError) -> AsyncIterator[None]:
    """Raise `refusal` when the block violates `constraint`.

    The surrounding transaction is lost: PostgreSQL accepts no more statements in it.
    """
    try:
        yield
    except IntegrityError as error:
        if constraint in str(error.orig):
            raise refusal from error
        raise


__all__ = [
    "ALL_WORKSPACES",
    "Database",
    "OperationalError",
    "Scope",
    "is_connection_loss",
    "refuse",
    "service_metadata",
    "sqlstate",
]
