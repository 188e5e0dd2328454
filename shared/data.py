"""The one way from a query to PostgreSQL: a statement goes in, typed rows come out.

A query names its statement and the frozen dataclass that each row becomes. Columns and fields have
the same names, in any order. What runs the statement is known in this module and nowhere else.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass, make_dataclass
from functools import cache
from itertools import starmap
from operator import itemgetter
from typing import Any, ClassVar, Final, Protocol, TypeVar, cast

from sqlalchemy import CursorResult, Executable, Insert, Update, Uuid, bindparam
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.value_types import Fits, fields_of, fits


class RowType(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=RowType)
V = TypeVar("V")


WORKSPACE: Final = bindparam("workspace_id", type_=Uuid)
"""The workspace of the unit of work, in a statement that is written once and kept."""


class WrongShape(TypeError):
    """The columns of a statement are not the fields of the dataclass that its rows become."""


class WrongValue(TypeError):
    """A column holds what the type of its field rules out."""


class NoSuchRow(LookupError):
    """A statement that must answer with one row answered with none."""


class SeveralRows(LookupError):
    """A statement that may answer with one row at most answered with several."""


class Savepoint(Protocol):
    async def rollback(self) -> None: ...


class Transaction:
    """Runs statements in one transaction.

    Every statement is handed the values in `always`, which a text names as `:workspace_id`. An
    update is not: it would set the column.
    """

    checks_values: ClassVar[bool] = False
    """Whether each value is compared with the type of its field. The tests do that."""

    def __init__(self, connection: AsyncConnection, always: Mapping[str, object]) -> None:
        self.connection = connection
        """What every statement runs on. Only tests reach beneath to it."""
        self._always = always

    async def rows(self, kind: type[R], statement: Executable, /, **params: object) -> list[R]:
        result = await self._execute(statement, params)
        return self._made(kind, tuple(result.keys()), result.all())

    async def row(self, kind: type[R], statement: Executable, /, **params: object) -> R | None:
        """None when there is no row. Raises `SeveralRows`."""
        return _at_most_one(await self.rows(kind, statement, **params))

    async def one(self, kind: type[R], statement: Executable, /, **params: object) -> R:
        """Raises `NoSuchRow` and `SeveralRows`."""
        row = await self.row(kind, statement, **params)
        if row is None:
            raise NoSuchRow(f"There is no such {kind.__name__}.")
        return row

    async def values(self, kind: type[V], statement: Executable, /, **params: object) -> list[V]:
        """The only column of all rows. It holds no nulls: a column that may is a field of a row."""
        values = _column(await self._execute(statement, params))
        if self.checks_values:
            _check(fits(kind), values, f"A column of {kind.__name__}")
        return values

    async def value(self, kind: type[V], statement: Executable, /, **params: object) -> V | None:
        """The only column of the only row. None when there is no row, or a null in it. Raises
        `SeveralRows`.
        """
        value = _at_most_one(_column(await self._execute(statement, params)))
        if self.checks_values and value is not None:
            _check(fits(kind), [value], f"A column of {kind.__name__}")
        return cast("V | None", value)

    async def one_value(self, kind: type[V], statement: Executable, /, **params: object) -> V:
        """Raises `NoSuchRow`, for a null too, and `SeveralRows`."""
        value = await self.value(kind, statement, **params)
        if value is None:
            raise NoSuchRow(f"There is no such {kind.__name__}.")
        return value

    async def mappings(
        self, statement: Executable, /, **params: object
    ) -> Sequence[Mapping[str, object]]:
        """Rows of columns that are chosen when the statement is written, so that no dataclass has
        them all.
        """
        result = await self._execute(statement, params)
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result]

    async def stream(
        self, kind: type[R], statement: Executable, at_once: int, /, **params: object
    ) -> AsyncGenerator[R, None]:
        """Rows that are fetched as they are taken, so many at once."""
        params = self._prepared(statement, params)
        options = {"stream_results": True, "max_row_buffer": at_once}
        streamed = await self.connection.stream(statement, params, execution_options=options)
        columns = tuple(streamed.keys())
        try:
            async for rows in streamed.partitions(at_once):
                for row in self._made(kind, columns, rows):
                    yield row
        finally:
            await streamed.close()

    async def run(self, statement: Executable, /, **params: object) -> int:
        """How many rows were written."""
        return (await self._execute(statement, params)).rowcount

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator["Savepoint"]:
        """What a block that raises, or rolls it back, has written is taken back; the transaction
        goes on.
        """
        async with self.connection.begin_nested() as savepoint:
            yield savepoint

    async def _execute(
        self, statement: Executable, params: Mapping[str, object]
    ) -> CursorResult[Any]:
        return await self.connection.execute(statement, self._prepared(statement, params))

    def _prepared(self, statement: Executable, params: Mapping[str, object]) -> dict[str, object]:
        if self._always and not _sets_columns(statement):
            if self._always.keys() & params.keys():
                raise TypeError("The workspace is the one of the unit of work: leave it out.")
            return {**params, **self._always}
        return dict(params)

    def _made(
        self, kind: type[R], columns: tuple[str, ...], found: Sequence[Sequence[Any]]
    ) -> list[R]:
        rows = _maker(kind, columns)(found)
        if self.checks_values:
            for name, fit in fields_of(kind).items():
                _check(fit, [getattr(row, name) for row in rows], f"{kind.__name__}.{name}")
        return rows


def _sets_columns(statement: Executable) -> bool:
    """Whether a value would be set, or stand in the way, where the statement does not name it."""
    return isinstance(statement, Update) or (
        isinstance(statement, Insert) and statement.select is not None
    )


def _column(result: CursorResult[Any]) -> list[Any]:
    """The values of the only column."""
    columns = tuple(result.keys())
    if len(columns) != 1:
        raise WrongShape(f"One column is wanted, not {', '.join(columns)}.")
    return list(result.scalars())


def _check(fit: Fits, values: Iterable[object], place: str) -> None:
    """Raises `WrongValue`."""
    for value in values:
        if not fit(value):
            raise WrongValue(f"{place} does not take {value!r}.")


def _at_most_one(found: Sequence[V]) -> V | None:
    if len(found) > 1:
        raise SeveralRows(f"One row is wanted, not {len(found)}.")
    return found[0] if found else None


@cache
def _maker(kind: type[R], columns: tuple[str, ...]) -> Callable[[Iterable[Sequence[Any]]], list[R]]:
    """Makes rows of `columns`. Raises `WrongShape`."""
    names = _field_names(kind)
    lacking = [name for name in names if name not in columns]
    surplus = [name for name in columns if name not in names]
    if lacking or surplus or len(columns) != len(names):
        wrong = [
            *(f"the statement has no column {name!r}" for name in lacking),
            *(f"there is no field {name!r}" for name in surplus),
        ]
        raise WrongShape(f"{kind.__name__}: {'; '.join(wrong) or 'a column comes twice'}.")
    make = _frozen(kind, names)
    if columns == names:
        return lambda rows: list(starmap(make, rows))
    in_order = itemgetter(*map(columns.index, names))
    return lambda rows: [make(*in_order(row)) for row in rows]


def _field_names(kind: type[RowType]) -> tuple[str, ...]:
    if not is_dataclass(kind) or not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise WrongShape(f"{kind.__name__} is not a frozen dataclass.")
    return tuple(field.name for field in fields(kind))


def _frozen(kind: type[R], names: tuple[str, ...]) -> Callable[..., R]:
    """`kind` itself, or what makes the same eight times as fast: a frozen dataclass sets each of
    its fields by a call of a function. A dataclass that is not frozen and has the same slots sets
    them directly, and its objects can then be made objects of `kind`.
    """
    if kind.__bases__ != (object,) or getattr(kind, "__slots__", None) != names:
        return kind
    if hasattr(kind, "__post_init__"):
        return kind

    def freeze(row: Any) -> None:
        row.__class__ = kind

    return make_dataclass(kind.__name__, names, slots=True, namespace={"__post_init__": freeze})
