"""A database, one owner who migrates, and one role per service that may only use its own schema."""

import asyncpg
from sqlalchemy.engine import make_url

SCHEMAS = {
    "accounts": "accounts_api",
    "tasks": "tasks_api",
    "sequencer": "sequencer",
    "sync": "sync_worker",
}
"""Schema (and service name) to package."""
OWNER = "tenure_owner"
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin", "citext")
_LOCK = 7_411_011
"""Advisory lock: roles belong to the whole cluster, and two starts at once would race for them."""


def app_role(schema: str) -> str:
    return f"tenure_{schema}"


ROLES = (OWNER, *(app_role(schema) for schema in SCHEMAS))


def role_url(admin_url: str, role: str, password: str, database: str) -> str:
    """SQLAlchemy URL of `role` on the same server."""
    url = make_url(admin_url).set(
        drivername="postgresql+asyncpg", username=role, password=password, database=database
    )
    return url.render_as_string(hide_password=False)


async def prepare_database(admin_url: str, database: str, passwords: dict[str, str]) -> None:
    """Make what is missing and set the passwords. Safe to repeat and to run twice at once."""
    plain = make_url(admin_url).set(drivername="postgresql")
    admin = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        async with admin.transaction():
            await admin.execute("select pg_advisory_xact_lock($1)", _LOCK)
            for role in ROLES:
                await _make_role(admin, role, passwords[role])
        if not await admin.fetchval("select 1 from pg_database where datname = $1", database):
            await admin.execute(f'create database "{database}" owner {OWNER}')
        await admin.execute(f'revoke all on database "{database}" from public')
        await admin.execute(f'grant connect on database "{database}" to {", ".join(ROLES)}')
    finally:
        await admin.close()
    await _make_schemas(plain.set(database=database).render_as_string(hide_password=False))


async def _make_role(admin: asyncpg.Connection, role: str, password: str) -> None:
    literal = await admin.fetchval("select quote_literal($1::text)", password)
    exists = await admin.fetchval("select 1 from pg_roles where rolname = $1", role)
    verb = "alter" if exists else "create"
    await admin.execute(
        f"{verb} role {role} login nosuperuser nobypassrls nocreatedb nocreaterole"
        f" password {literal}"
    )
    if role != OWNER:
        schema = role.removeprefix("tenure_")
        for setting, value in {
            "search_path": f"{schema}, public",
            "statement_timeout": "'30s'",
            "lock_timeout": "'5s'",
            "idle_in_transaction_session_timeout": "'15s'",
        }.items():
            await admin.execute(f"alter role {role} set {setting} to {value}")


async def _make_schemas(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("revoke create on schema public from public")
        for extension in EXTENSIONS:
            await connection.execute(f"create extension if not exists {extension} schema public")
        for schema in SCHEMAS:
            await connection.execute(f"create schema if not exists {schema} authorization {OWNER}")
            await connection.execute(f"grant usage on schema {schema} to {app_role(schema)}")
    finally:
        await connection.close()
