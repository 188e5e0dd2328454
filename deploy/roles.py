"""The database, its schemas and its roles: one that owns and migrates, one per service that runs.

`python -m deploy.roles` does it for the administrator's DATABASE_URL with the passwords in
TENURE_OWNER_PASSWORD, TENURE_ACCOUNTS_PASSWORD and so on. It may be run again at any time: what is
there is kept, and passwords and settings are set anew.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared import secret_strength

OWNER = "tenure_owner"
DATABASE = "tenure"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin", "citext")
# Behind row-level security an index serves only functions that cannot tell of rows they were shown.
# These two cannot. Only a superuser may say so; where we are none, filters by trait and searches
# read all rows of a workspace.
_HARMLESS = ("jsonb_contains(jsonb, jsonb)", "textlike(text, text)")
# A lock that all preparations of one server take: roles belong to the whole server.
_PREPARING = 8_305_117_002


@dataclass(frozen=True)
class ServiceAccess:
    package: str
    schema: str

    @property
    def role(self) -> str:
        return f"tenure_{self.schema}"


SERVICES = (
    ServiceAccess("accounts_api", "accounts"),
    ServiceAccess("tasks_api", "tasks"),
    ServiceAccess("sequencer", "sequencer"),
    ServiceAccess("sync_worker", "sync"),
)
ROLES = (OWNER, *(service.role for service in SERVICES))

# A role of a service is what its requests run under; a worker process raises its statement timeout.
_SERVICE_LIMITS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "15s",
}
_OWNER_LIMITS = {"lock_timeout": "2s", "idle_in_transaction_session_timeout": "60s"}


class CannotPrepare(Exception):
    """The administrator's account may not do what is needed, or a setting is not as it must be."""


def async_url(url: str) -> URL:
    """A PostgreSQL address, however it is spelled, as SQLAlchemy and asyncpg want it."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    if mode := parsed.query.get("sslmode"):  # libpq's word for it
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


def role_url(admin_url: str, role: str, password: str, database: str = DATABASE) -> str:
    url = async_url(admin_url).set(username=role, password=password, database=database)
    return url.render_as_string(hide_password=False)


async def prepare(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> None:
    """Make roles, database, schemas and extensions. `passwords` by role, see `ROLES`."""
    try:
        await _prepare(async_url(admin_url), passwords, database)
    except DBAPIError as error:
        if "permission denied" in str(error.orig) or "must be" in str(error.orig):
            raise CannotPrepare(
                f"The account of DATABASE_URL may not prepare the database: {error.orig}\n"
                "It needs CREATEROLE and CREATEDB, or to be a superuser."
            ) from error
        raise


async def _prepare(admin: URL, passwords: Mapping[str, str], database: str) -> None:
    async with _connection(admin) as connection:
        await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _PREPARING})
        await _make_roles(connection, passwords)
        known = text("select 1 from pg_database where datname = :name")
        if (await connection.scalar(known, {"name": database})) is None:
            await _run(connection, f"create database {database} owner {OWNER}")
    async with _connection(admin.set(database=database)) as connection:
        await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _PREPARING})
        await _lay_out(connection, database)


async def _make_roles(connection: AsyncConnection, passwords: Mapping[str, str]) -> None:
    listed = await connection.scalars(text("select rolname from pg_roles"))
    there = set(listed)
    for role in ROLES:
        verb = "alter" if role in there else "create"
        # DDL takes no parameters.
        password = passwords[role].replace("'", "''")
        await _run(connection, f"{verb} role {role} login noinherit password '{password}'")
    if not await _is_superuser(connection):  # to hand things to a role one must be a member of it
        await _run(connection, f"grant {OWNER} to current_user")
    for service in SERVICES:
        settings = {"search_path": f"{service.schema}, public", **_SERVICE_LIMITS}
        await _set(connection, service.role, settings)
    await _set(connection, OWNER, _OWNER_LIMITS)


async def _is_superuser(connection: AsyncConnection) -> bool:
    return bool(
        await connection.scalar(text("select rolsuper from pg_roles where rolname = current_user"))
    )


async def _set(connection: AsyncConnection, role: str, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        quoted = value if name == "search_path" else f"'{value}'"
        await _run(connection, f"alter role {role} set {name} = {quoted}")


async def _lay_out(connection: AsyncConnection, database: str) -> None:
    for extension in EXTENSIONS:
        await _run(connection, f"create extension if not exists {extension} schema public")
    if await _is_superuser(connection):
        for function in _HARMLESS:
            await _run(connection, f"alter function pg_catalog.{function} leakproof")
    await _run(connection, f"revoke all on database {database} from public")
    await _run(connection, "revoke create on schema public from public")
    for service in SERVICES:
        await _run(
            connection, f"create schema if not exists {service.schema} authorization {OWNER}"
        )
        await _run(connection, f"grant connect on database {database} to {service.role}")
        await _run(connection, f"grant usage on schema {service.schema} to {service.role}")


@asynccontextmanager
async def _connection(url: URL) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _run(connection: AsyncConnection, statement: str) -> None:
    await connection.exec_driver_sql(statement)


def _password(role: str) -> str:
    """An empty one would be none at all to PostgreSQL."""
    variable = f"{role.upper()}_PASSWORD"
    try:
        return secret_strength.password(os.environ.get(variable, ""))
    except ValueError as error:
        raise CannotPrepare(f"{variable} {error}.") from error


def main() -> int:
    try:
        if "DATABASE_URL" not in os.environ:
            raise CannotPrepare("Set DATABASE_URL to the address of an administrator.")
        passwords = {role: _password(role) for role in ROLES}
        asyncio.run(prepare(os.environ["DATABASE_URL"], passwords))
    except CannotPrepare as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
