"""Limits a page by bytes, too: sixty records of 0.9 MB do not fit a page of sixty rows."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import TextClause

from shared.data import RowType, Transaction

MAX_PAGE_BYTES = 4 * 1024 * 1024
_AT_ONCE = 25
_SMALL = 16
Item = TypeVar("Item")


class Sized(RowType, Protocol):
    """A row that says how many bytes it takes."""

    @property
    def size(self) -> int: ...


SizedRow = TypeVar("SizedRow", bound=Sized)


async def rows_within(
    uow: Transaction, kind: type[SizedRow], statement: TextClause, limit: int, **values: object
) -> tuple[list[SizedRow], bool]:
    """Up to `limit` rows, and whether there are more. They end early where their `size` comes to
    more than a page may hold; one row is always among them.

    The statement takes `:limit`. Rows are fetched as they are taken.
    """
    rows: list[SizedRow] = []
    size = 0
    async with aclosing(uow.stream(kind, statement, _AT_ONCE, **values, limit=limit + 1)) as stream:
        async for row in stream:
            size += row.size
            if len(rows) == limit or (rows and size > MAX_PAGE_BYTES):
                return rows, True
            rows.append(row)
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
