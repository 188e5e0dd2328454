"""Runs one service's history: own schema only, own version table, short waits for locks.

A migration works beside the release before it, and gives up after two seconds of waiting for a lock
instead of queueing every query behind itself.
"""

import asyncio
import importlib
import os
import re

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

config = context.config
section = config.config_ini_section
options = config.get_section(section) or {}
schema = options["db_schema"]
package = options["package"]


# Made by a job or a function as time goes on; their parent speaks for them.
PARTITION = re.compile(r"_(p\d{6}|default)$")


def metadata():
    importlib.import_module(f"{package}.models")
    return importlib.import_module(f"{package}.db").Base.metadata


def own_schema(name, type_, parents):
    return type_ != "schema" or name == schema


def own_tables(obj, name, type_, reflected, compare_to):
    if type_ == "table":
        partition = reflected and PARTITION.search(name)
        return obj.schema == schema and name != "alembic_version" and not partition
    return True


def configure(**how):
    context.configure(
        target_metadata=metadata(),
        version_table="alembic_version",
        version_table_schema=schema,
        include_schemas=True,
        include_name=own_schema,
        include_object=own_tables,
        transaction_per_migration=True,
        compare_server_default=False,
        **how,
    )


def run(connection: Connection) -> None:
    connection.execute(text(f"set search_path to {schema}, public"))
    connection.execute(text("set lock_timeout to '2s'"))
    # Rows of every workspace: the wall stands for their owner, too.
    connection.execute(text("set app.workspace_id to '*'"))
    connection.commit()
    configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def online() -> None:
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    configure(url="postgresql://", literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.execute(f"set search_path to {schema}, public")
        context.run_migrations()
else:
    asyncio.run(online())
