"""What the migrations build is what the models say, and every step can be taken back."""

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import CheckConstraint, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

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


_KEPT_CHECKS = text(
    """
    select c.relname || '.' || k.conname || ': ' || pg_get_constraintdef(k.oid)
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    where c.relnamespace = cast(:schema as regnamespace) and k.contype = 'c' and k.conparentid = 0
      and not c.relispartition
    """
)
_CHECKS_OF = text(
    "select conname, pg_get_constraintdef(oid) from pg_constraint"
    " where conrelid = to_regclass('pg_temp.as_modelled') and contype = 'c'"
)


async def modelled_checks(connection: AsyncConnection, service: ServiceAccess) -> set[str]:
    """The CHECKs of the models as PostgreSQL writes them, each made on a copy of its table."""
    metadata = importlib.import_module(f"{service.package}.models").Base.metadata
    found = set()
    for table in metadata.tables.values():
        copy = f"create temp table as_modelled (like {table.fullname})"
        await connection.execute(text(copy))
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                added = (
                    f"alter table as_modelled add constraint {check.name} check ({check.sqltext})"
                )
                await connection.execute(text(added))
        for name, definition in await connection.execute(_CHECKS_OF):
            found.add(f"{table.name}.{name}: {definition}")
        await connection.execute(text("drop table as_modelled"))
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.package)
async def test_the_models_say_which_checks_the_migrations_build(
    fresh_database: Tenure, service: ServiceAccess
) -> None:
    engine = create_async_engine(owner_url(fresh_database))
    async with engine.connect() as connection:
        kept = await connection.scalars(_KEPT_CHECKS, {"schema": service.schema})
        assert set(kept) == await modelled_checks(connection, service)
    await engine.dispose()


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
