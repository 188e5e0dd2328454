"""What the migrations build is what the models say, and every step can be taken back."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.migrate import ROOT
from deploy.roles import OWNER, SERVICES, ServiceAccess, prepare, role_url
from shared.ids import new_id
from tests.harness import Tenure

_LEFT = text(
    """
    select n.nspname || '.' || c.relname from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(:schemas) and c.relkind in ('r', 'p', 'v', 'S')
      and c.relname <> 'alembic_version'
    union all
    select n.nspname || '.' || p.proname from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any(:schemas)
    """
)


def owner_url(database: Tenure) -> str:
    password = database.secrets.passwords[OWNER]
    return role_url(database.admin_url, OWNER, password, database.database)


@contextmanager
def as_owner(database: Tenure) -> Iterator[None]:
    before = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = owner_url(database)
    try:
        yield
    finally:
        os.environ["DATABASE_URL"] = before


def alembic(database: Tenure, service: ServiceAccess, run: Callable[[Config], None]) -> None:
    config = Config(ROOT / "migrations" / "alembic.ini", ini_section=service.package)
    with as_owner(database), ThreadPoolExecutor(1) as thread:
        thread.submit(run, config).result()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.package)
def test_the_models_say_what_the_migrations_build(
    fresh_database: Tenure, service: ServiceAccess
) -> None:
    alembic(fresh_database, service, command.check)


async def left_in(database: Tenure) -> list[str]:
    engine = create_async_engine(owner_url(database))
    async with engine.connect() as connection:
        schemas = [service.schema for service in SERVICES]
        found = (await connection.execute(_LEFT, {"schemas": schemas})).scalars().all()
    await engine.dispose()
    return list(found)


def test_every_migration_can_be_taken_back(fresh_database: Tenure) -> None:
    mine = replace(fresh_database, database=f"test_{new_id().hex[-12:]}")
    with ThreadPoolExecutor(1) as thread:
        prepared = prepare(mine.admin_url, mine.secrets.passwords, mine.database)
        thread.submit(asyncio.run, prepared).result()
    for service in SERVICES:
        alembic(mine, service, lambda config: command.upgrade(config, "head"))
    for service in SERVICES:
        alembic(mine, service, lambda config: command.downgrade(config, "base"))
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, left_in(mine)).result() == []
