from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Table,
    Text,
    any_,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import array

from accounts_api.evaluation.rule_sets.rules import R
from shared.columns import AT
from shared.ids import new_id
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import Field
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True, eq=False)
class RuleSet(Generic[R]):
    """Where the rules of one kind are stored. The fields of `row` are columns of `table`.

    In its queries `where` holds values of columns.
    """

    table: Table
    row: type[R]
    order: tuple[str, ...] = ("id",)
    """In which they decide."""
    members: tuple[str, ...] = ()
    """Columns that hold members, each one or an array of them."""

    @cached_property
    def columns(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.c[field.name] for field in fields(self.row))

    def _matching(self, uow: UnitOfWork, where: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        values = {"workspace_id": uow.workspace_id, **where}
        return [self.table.c[name] == value for name, value in values.items()]

    async def all(self, uow: UnitOfWork, **where: Any) -> list[R]:
        order = [self.table.c[name] for name in self.order]
        statement = select(*self.columns).where(*self._matching(uow, where)).order_by(*order)
        return await uow.rows(self.row, statement)

    async def get(self, uow: UnitOfWork, *, lock: bool = False, **where: Any) -> R | None:
        statement = select(*self.columns).where(*self._matching(uow, where))
        return await uow.row(self.row, statement.with_for_update() if lock else statement)

    async def naming(self, uow: UnitOfWork, member_id: UUID) -> list[R]:
        """By title. A rule names a member by the id in its text: in `role csm held by`, or beside a
        trait of type member.
        """
        named = [func.strpos(cast(self.table.c.rule, Text), str(member_id)) > 0]
        for name in self.members:
            column = self.table.c[name]
            is_array = isinstance(column.type, ARRAY)
            named.append(literal(member_id) == any_(column) if is_array else column == member_id)
        statement = select(*self.columns).where(*self._matching(uow, {}), or_(*named))
        return await uow.rows(self.row, statement.order_by(self.table.c.title, self.table.c.id))

    async def add(self, uow: UnitOfWork, values: Mapping[str, Any]) -> R:
        statement = insert(self.table).values(workspace_id=uow.workspace_id, id=new_id(), **values)
        return await uow.one(self.row, statement.returning(*self.columns))

    async def change(self, uow: UnitOfWork, rule_id: UUID, values: Mapping[str, Any]) -> R:
        """A new version, without the faults of the one before."""
        new = {
            "version": self.table.c.version + 1,
            "updated_at": func.clock_timestamp(),
            "faults": None,
        }
        statement = update(self.table).where(*self._matching(uow, {"id": rule_id}))
        changed = statement.values(**(new | dict(values))).returning(*self.columns)
        return await uow.one(self.row, changed)

    async def set(self, uow: UnitOfWork, rule_id: UUID, values: Mapping[str, Any]) -> None:
        """What the worker writes of a rule: no new version."""
        statement = update(self.table).where(*self._matching(uow, {"id": rule_id}))
        await uow.run(statement.values(**values))

    async def remove(self, uow: UnitOfWork, **where: Any) -> None:
        await uow.run(delete(self.table).where(*self._matching(uow, where)))


def instants(
    convert: Callable[[Row, Field | None, EvaluationContext], ColumnElement[datetime | None]],
    row: Row,
    dates: Sequence[Field | None],
    context: EvaluationContext,
) -> ColumnElement[Any]:
    """The dates of a record, a place for each rule."""
    return array[Any]([convert(row, field, context) for field in dates], type_=AT)
