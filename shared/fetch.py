"""Rows as plain dictionaries, for features that hand them to their callers."""

from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession

Row = dict[str, Any]


async def fetch_one(session: AsyncSession, statement: Executable) -> Row:
    """Raises `sqlalchemy.exc.NoResultFound`."""
    return dict((await session.execute(statement)).mappings().one())


async def fetch_maybe(session: AsyncSession, statement: Executable) -> Row | None:
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def fetch_all(session: AsyncSession, statement: Executable) -> list[Row]:
    return [dict(row) for row in (await session.execute(statement)).mappings()]
