"""What the migrations build is what the models say, and every step can be taken back."""

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

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


_DEFINITIONS = text(
    """
    with own as (
      select oid, relname from pg_class
      where relnamespace = cast(:schema as regnamespace) and relkind in ('r', 'p')
        and not relispartition and relname <> 'alembic_version'
    )
    select own.relname || '.' || k.conname || ': ' || pg_get_constraintdef(k.oid)
    from pg_constraint k join own on own.oid = k.conrelid where k.contype <> 'n'
    union
    select own.relname || ': ' || pg_get_indexdef(i.indexrelid)
    from pg_index i join own on own.oid = i.indrelid
    union
    select own.relname || '.' || a.attname || ': ' || pg_get_expr(d.adbin, d.adrelid)
    from pg_attrdef d
    join own on own.oid = d.adrelid
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    """
)
"""Constraints, indexes and defaults, as PostgreSQL writes them."""


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.package)
async def test_the_models_define_what_the_migrations_build(
    fresh_database: Tenure, service: ServiceAccess
) -> None:
    """Alembic compares neither CHECKs nor predicates, expressions or defaults."""
    metadata = importlib.import_module(f"{service.package}.models").Base.metadata
    engine = create_async_engine(owner_url(fresh_database))
    async with engine.connect() as connection:

        async def definitions() -> set[str]:
            return set(await connection.scalars(_DEFINITIONS, {"schema": service.schema}))

        migrated = await definitions()
        await connection.execute(text(f"alter schema {service.schema} rename to migrated"))
        await connection.execute(text(f"create schema {service.schema}"))
        await connection.run_sync(metadata.create_all)
        modelled = await definitions()
        await connection.rollback()
    await engine.dispose()
    assert {"models": modelled - migrated, "migrations": migrated - modelled} == {
        "models": set(),
        "migrations": set(),
    }


async def left_in(database: Tenure) -> list[str]:
    engine = create_async_engine(owner_url(database))
    async with engine.connect() as connection:
        schemas = [service.schema for service in SERVICES]
        found = (await connection.execute(_LEFT, {"schemas": schemas})).scalars().all()
    await engine.dispose()
    return list(found)


def unmigrated(database: Tenure) -> Tenure:
    mine = replace(database, database=f"test_{new_id().hex[-12:]}")
    with ThreadPoolExecutor(1) as thread:
        prepared = prepare(mine.admin_url, mine.secrets.passwords, mine.database)
        thread.submit(asyncio.run, prepared).result()
    return mine


_STORED_BEFORE = """
set app.workspace_id to '*';
insert into accounts.workspaces (workspace_id, name) values (:w, 'W');
insert into accounts.members (workspace_id, id, full_name, email, email_key, role)
values (:w, :one, 'A', 'a@xn--mller-kva.example', 'a@xn--mller-kva.example', 'admin'),
       (:w, :two, 'B', 'A@müller.example', 'a@müller.example', 'admin'),
       (:w, :odd, 'C', 'info@straße.example', 'info@strasse.example', 'admin');
insert into accounts.contacts (workspace_id, id, name, email, email_key, search_text)
values (:w, :one, '서울전자', 'Info@müller.example', 'info@müller.example', ' 서울전자 info'),
       (:w, :two, 'ガス', '<odd@a.example>', '<odd@a.example>', ' カ ス odd a example'),
       (:w, :odd, 'Ann', 'ann@a.example', 'ann@a.example', ' ann ann a example');
insert into sequencer.contacts
    (workspace_id, id, version, deleted, name, email, address, email_status, deactivated, traits)
values (:w, :one, 1, false, 'A', 'info@straße.example', 'info@strasse.example', 'ok', false, '{}'),
       (:w, :odd, 1, false, 'B', '<odd@a.example>', '<odd@a.example>', 'ok', false, '{}');
insert into sequencer.sequences (workspace_id, id, title, draft)
values (:w, :one, 'S',
        '{"reply_to": "<a@b.example>", "steps": [{"title": "a\\nb", "subject": "c"}]}');
insert into sync.contact_addresses (workspace_id, contact_id, address, version)
values (:w, :one, 'info@müller.example', 1)
"""
_STORED_NOW = """
select email_key from accounts.members union all
select email_key from accounts.contacts union all
select search_text from accounts.contacts union all
select address from sequencer.contacts union all
select draft #>> '{steps,0,title}' from sequencer.sequences union all
select draft ->> 'reply_to' from sequencer.sequences union all
select address from sync.contact_addresses
"""


def test_addresses_and_folded_texts_of_before_are_found_by_their_new_form(
    fresh_database: Tenure,
) -> None:
    mine = unmigrated(fresh_database)
    before = {"accounts_api": "0009", "sequencer": "0006", "sync_worker": "0005"}
    services = [service for service in SERVICES if service.package in before]
    for service in services:
        alembic(mine, service, partial(command.upgrade, revision=before[service.package]))
    ids = {name: str(new_id()) for name in ("w", "one", "two", "odd")}

    async def run(statements: str) -> list[str | None]:
        engine = create_async_engine(owner_url(mine))
        async with engine.begin() as connection:
            for name, value in ids.items():
                statements = statements.replace(f":{name}", f"'{value}'")
            *first, last = statements.split(";")
            for statement in first:
                await connection.exec_driver_sql(statement)
            answer = await connection.exec_driver_sql(last)
            found = list(answer.scalars()) if answer.returns_rows else []
        await engine.dispose()
        return found

    asyncio.run(run(_STORED_BEFORE))
    for service in services:
        alembic(mine, service, lambda config: command.upgrade(config, "head"))
    stored = asyncio.run(run(f"set app.workspace_id to '*'; {_STORED_NOW}"))
    assert sorted(map(str, stored)) == sorted(
        [
            *["a@xn--mller-kva.example", "a@müller.example", "info@xn--strae-oqa.example"],
            *["info@xn--mller-kva.example", "None", "ann@a.example"],
            *[" 서울전자 info muller example", " ガス odd a example", " ann ann a example"],
            *["info@xn--strae-oqa.example", "None"],
            *["a b", "None"],
            "info@xn--mller-kva.example",
        ]
    )


def test_every_migration_can_be_taken_back(fresh_database: Tenure) -> None:
    mine = unmigrated(fresh_database)
    for service in SERVICES:
        alembic(mine, service, lambda config: command.upgrade(config, "head"))
    for service in SERVICES:
        alembic(mine, service, lambda config: command.downgrade(config, "base"))
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, left_in(mine)).result() == []
