"""The order of a list as SQL, and where a page of it begins: after the last row of the one before.

The first key's empty values come last and are asked for apart, so that each of the two statements
walks one stretch of an index.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.lists.order import SortKey
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import FieldType

SORTED_BY: Final = 100
"""Characters of a long text that decide its place: a cursor, which holds them, fits an address."""
Position = Sequence[Any]
"""The sort keys of a row, its id last."""


class Keyset:
    """The order of some rows by `keys`, then by their ids."""

    def __init__(self, row: Row, keys: Sequence[SortKey], *, newest_first: bool = False) -> None:
        self.row = row
        self.keys = tuple(keys)
        self.backwards = keys[-1].descending if keys else newest_first
        """Ids follow the last key."""

    @cached_property
    def values(self) -> list[ColumnElement[Any]]:
        return [_sorted_by(self.row, key) for key in self.keys]

    @property
    def order_by(self) -> list[Any]:
        return self.ordered(self.values, self.row.id)

    def ordered(self, values: Sequence[ColumnElement[Any]], last: ColumnElement[Any]) -> list[Any]:
        """The order of other columns that hold the values of the keys and the id."""
        order = [
            _directed(value, key.descending, nulls_last=key.nullable and place > 0)
            for place, (key, value) in enumerate(zip(self.keys, values, strict=True))
        ]
        return [*order, last.desc() if self.backwards else last]

    def stretches(self, after: Position | None) -> list[list[ColumnElement[bool]]]:
        """The conditions of each statement that a page needs, in their order."""
        if not self.keys or not self.keys[0].nullable:
            return [[self._beyond(0, after)] if after is not None else []]
        first = self.values[0]
        empty: list[ColumnElement[bool]] = [first.is_(None)]
        if after is None:
            return [[first.is_not(None)], empty]
        if after[0] is None:
            return [[*empty, self._beyond(1, after)]]
        return [[self._beyond(0, after, split=True)], empty]

    def _beyond(self, place: int, after: Position, *, split: bool = False) -> ColumnElement[bool]:
        """Rows after a position: `k <= x and (k < x or …)`, the form that an index can start
        from.
        """
        if place == len(self.keys):
            last = UUID(after[-1])
            return self.row.id < last if self.backwards else self.row.id > last
        key, value = self.keys[place], self.values[place]
        at = _read(key, after[place])
        rest = self._beyond(place + 1, after)
        if at is None:
            return and_(value.is_(None), rest)
        further = value < at if key.descending else value > at
        reached = value <= at if key.descending else value >= at
        here = and_(reached, or_(further, rest))
        return here if split or not key.nullable else or_(value.is_(None), here)


def position(values: Iterable[Any], row_id: str) -> list[Any]:
    """Where a row stands, as a cursor can hold it."""
    return [*map(_written, values), row_id]


def _sorted_by(row: Row, key: SortKey) -> ColumnElement[Any]:
    value = row.value(key.field)
    if key.field.ranked:
        options = bindparam(None, list(key.field.options), type_=ARRAY(Text()))
        return func.array_position(options, value, type_=Integer())
    return func.left(value, SORTED_BY, type_=Text()) if key.long else value


def _directed(value: ColumnElement[Any], descending: bool, *, nulls_last: bool) -> Any:  # noqa: FBT001
    directed = value.desc() if descending else value.asc()
    return directed.nulls_last() if nulls_last else directed


def _written(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case _:
            return value


def _read(key: SortKey, value: Any) -> Any:
    if value is None:
        return None
    match key.field.type:
        case FieldType.BOOLEAN:
            # Bound: SQLAlchemy writes a plain True as a keyword, which has no order for it.
            return literal(value, Boolean())
        case FieldType.DATE:
            return date.fromisoformat(value)
        case FieldType.DATETIME:
            return datetime.fromisoformat(value)
        case FieldType.ID:
            return UUID(value) if key.field.trait is None else value
        case FieldType.NUMBER | FieldType.CURRENCY if isinstance(value, str):
            return Decimal(value)
        case _:
            return value
