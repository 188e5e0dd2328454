"""Limits a page by bytes, too: sixty records of 0.9 MB do not fit a page of sixty rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, TextClause
from sqlalchemy.ext.asyncio import AsyncSession

MAX_PAGE_BYTES = 4 * 1024 * 1024
_AT_ONCE = 25
_SMALL = 16
Item = TypeVar("Item")


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


def _size_of(value: Any) -> int:
    """About how many bytes a value takes as JSON: its texts, and a few bytes for anything else."""
    match value:
        case str():
            return bytes_of(value)
        case None | bool() | int() | float() | UUID() | date():
            return _SMALL
        case Mapping():
            return sum(len(key) + _size_of(item) for key, item in value.items())
        case Sequence():
            return sum(map(_size_of, value))
        case _:
            return _SMALL


def _size_of_row(row: Any) -> int:
    """Of a mapping, of a row of a query, or of an object by its public attributes."""
    if isinstance(row, Mapping | Sequence):
        return _size_of(row)
    # One with slots has no `__dict__`.
    names = [field.name for field in fields(row)] if is_dataclass(row) else vars(row)
    return sum(_size_of(getattr(row, name)) for name in names if not name.startswith("_"))


def bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def fitting(rows: Sequence[Item], limit: int) -> Sequence[Item]:
    """As many of the first `limit` rows as a page holds; the first row is always among them."""
    return rows[: min(limit, count_within(map(_size_of_row, rows)))]


def count_within(sizes: Iterable[int]) -> int:
    """How many of these fit a page; the first one always counts."""
    total = 0
    number = 0
    for number, size in enumerate(sizes, 1):
        total += size
        if total > MAX_PAGE_BYTES and number > 1:
            return number - 1
    return number
