"""Real servers, a database per run built by Alembic, real processes on real sockets."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.secrets import load_secrets
from deploy.migrate import ROOT
from deploy.roles import OWNER, ROLES, SERVICES, async_url, prepare, role_url
from shared import garbage_collector
from shared.data import Transaction
from shared.ids import new_id
from tests.harness import Tenure

Transaction.checks_values = True
# How busy the machine is says nothing about our code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
pytest_plugins = ["tests.costs"]

# All that tests talk to is on loopback: a proxy that this machine's environment names is not asked.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"


@pytest.fixture(scope="session")
def servers() -> tuple[str, str]:
    """Addresses of PostgreSQL (administrator) and Redis; `make test` starts them."""
    try:
        return os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    except KeyError:
        pytest.skip("needs servers: `make test`, or python -m deploy.servers -- pytest")


@pytest.fixture(scope="session")
def fresh_database(servers: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tenure:
    """A migrated database of this run alone.

    Roles belong to the whole server, so runs beside each other agree on their passwords.
    """
    admin_url, redis_url = servers
    made = load_secrets(tmp_path_factory.mktemp("secrets"))
    secrets = replace(made, passwords={role: f"test-{role}" for role in ROLES})
    database = f"test_{new_id().hex[-12:]}"

    def build() -> None:
        asyncio.run(prepare(admin_url, secrets.passwords, database))
        asyncio.run(give_time(admin_url, database))
        migrate(role_url(admin_url, OWNER, secrets.passwords[OWNER], database))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(build).result()
    return Tenure(admin_url, redis_url, database, secrets)


async def give_time(admin_url: str, database: str) -> None:
    """Four times the limit of a service's statements: on a machine that does other work, too, they
    take as much longer, and a list would be refused for a rule that is not to blame.
    """
    engine = create_async_engine(async_url(admin_url).set(database=database))
    async with engine.begin() as connection:
        for service in SERVICES:
            await connection.execute(
                text(
                    f"alter role {service.role} in database {database}"
                    " set statement_timeout = '20s'"
                )
            )
    await engine.dispose()


def migrate(owner_url: str) -> None:
    """All histories in this process: a second faster than four of their own."""
    before = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = owner_url
    try:
        for service in SERVICES:
            ini = ROOT / "migrations" / "alembic.ini"
            command.upgrade(Config(ini, ini_section=service.package), "head")
    finally:
        os.environ["DATABASE_URL"] = before


@pytest.fixture(scope="session")
async def tenure(fresh_database: Tenure) -> AsyncIterator[Tenure]:
    async with fresh_database.running() as running:
        # As processes do that have started. To look again and again through all that was collected
        # and made so far takes a tenth of the time.
        garbage_collector.settle()
        yield running


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


_LONG = (
    *("tests/deploy/", "tests/flows/", "tests/docs/", "tests/sync_worker/crm_sync/"),
    "tests/accounts_api/automation/memberships/test_always_true.py",
)
"""Few tests of many seconds each; the first three have processes of their own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that at the end no process waits for another."""
    files = Counter(item.path for item in items)
    items.sort(key=lambda item: (not item.nodeid.startswith(_LONG), -files[item.path]))
