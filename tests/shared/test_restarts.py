"""What a restart of PostgreSQL leaves in a pool: dead connections, transactions cut short."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest
from sqlalchemy import text

from shared.db import ALL_WORKSPACES, Database, is_connection_loss
from tests.harness import Tenure

_POOL = 6
_BACKEND = text("select pg_backend_pid() from pg_sleep(0.1)")


@pytest.fixture
async def database(tenure: Tenure) -> AsyncIterator[Database]:
    made = Database(tenure.settings("accounts").database_url.get_secret_value(), pool_size=_POOL)
    yield made
    await made.close()


async def _backend(database: Database) -> int:
    async with database.transaction(ALL_WORKSPACES, read_only=True) as session:
        return int((await session.execute(_BACKEND)).scalar_one())


async def _end(tenure: Tenure, backends: Iterable[int]) -> None:
    """As a restart does, for these alone."""
    admin = await asyncpg.connect(tenure.admin_url.replace("+asyncpg", ""))
    try:
        await admin.execute(
            "select pg_terminate_backend(pid, 5000) from unnest($1::int[]) as pid", list(backends)
        )
    finally:
        await admin.close()


async def test_a_pool_of_dead_connections_serves_the_next_request(
    tenure: Tenure, database: Database
) -> None:
    backends = set(await asyncio.gather(*(_backend(database) for _ in range(_POOL))))
    assert len(backends) == _POOL
    await _end(tenure, backends)
    assert await _backend(database) not in backends


async def test_a_transaction_cut_short_speaks_of_the_link(
    tenure: Tenure, database: Database
) -> None:
    async def cut_short() -> None:
        async with database.transaction(ALL_WORKSPACES, read_only=True) as session:
            await _end(tenure, [(await session.execute(_BACKEND)).scalar_one()])
            await session.execute(text("select 1"))

    with pytest.raises(Exception, match=r".") as caught:
        await cut_short()
    assert is_connection_loss(caught.value)
    assert await _backend(database)
