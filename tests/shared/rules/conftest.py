"""A scratch schema with the tables that rules read and the functions they call."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.rules.sql.rows import FUNCTIONS
from tests.shared.rules.tables import TABLES


@pytest.fixture(scope="session")
async def scratch(servers: tuple[str, str]) -> AsyncIterator[AsyncEngine]:
    url = servers[0].replace("postgresql://", "postgresql+asyncpg://", 1)
    schema = f"rules_{uuid4().hex[:12]}"
    engine = create_async_engine(
        url,
        json_serializer=lambda value: json.dumps(value, default=float),
        connect_args={"server_settings": {"search_path": schema, "jit": "off"}},
    )
    async with engine.begin() as connection:
        await connection.execute(text(f"create schema {schema}"))
        for statement in (*TABLES.split(";"), *FUNCTIONS):
            if statement.strip():
                await connection.exec_driver_sql(statement)
    yield engine
    async with engine.begin() as connection:
        await connection.execute(text(f"drop schema {schema} cascade"))
    await engine.dispose()
