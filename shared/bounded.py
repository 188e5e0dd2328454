"""Pages that have an end in bytes, too: sixty records of 0.9 MB are no page of sixty rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, TextClause
from sqlalchemy.ext.asyncio import AsyncSession

MAX_PAGE_BYTES = 4 * 1024 * 1024
_AT_ONCE = 25


async def rows_within(
    session: AsyncSession, statement: TextClause, values: Mapping[str, Any], limit: int
) -> tuple[list[RowMapping], bool]:
    """Up to `limit` rows, and whether there are more. They end early where their `size` comes to
    more than a page may hold; one row is always among them.

    The statement takes `:limit` and gives `size`, in bytes. Rows are fetched as they are taken.
    """
    options = {"stream_results": True, "max_row_buffer": _AT_ONCE}
    streamed = await session.stream(
        statement, {**values, "limit": limit + 1}, execution_options=options
    )
    rows: list[RowMapping] = []
    size = 0
    try:
        async for row in streamed.mappings():
            size += row["size"]
            if len(rows) == limit or (rows and size > MAX_PAGE_BYTES):
                return rows, True
            rows.append(row)
    finally:
        await streamed.close()
    return rows, False


def count_within(sizes: Iterable[int]) -> int:
    """How many of these fit a page, the first in any case."""
    total = 0
    number = 0
    for number, size in enumerate(sizes, 1):
        total += size
        if total > MAX_PAGE_BYTES and number > 1:
            return number - 1
    return number
