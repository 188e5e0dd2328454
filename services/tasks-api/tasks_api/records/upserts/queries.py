"""What upserts of any kind read and write: each statement takes all rows of a call."""

from collections.abc import Collection, Sequence
from functools import cache
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Table, TextClause, any_, bindparam, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.records.upserts.batch import State
from tasks_api.records.upserts.tables import Upserted

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_TAKE_TURNS = text("select pg_advisory_xact_lock(hashtextextended(:turn, 0))")


async def take_turns(uow: UnitOfWork, kind: str) -> None:
    """Whoever writes external ids of a workspace's records of one kind does so after the other,
    so that none is made twice and no two wait for each other.
    """
    await uow.run(_TAKE_TURNS, turn=f"{uow.workspace_id}:external ids:{kind}")


async def stored(
    uow: UnitOfWork,
    of: Upserted,
    ids: Collection[UUID],
    external_ids: Collection[str],
    *,
    lock: bool,
) -> list[State]:
    """The records with these ids or external ids."""
    table = of.table
    named = or_(
        table.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        table.c.external_id == any_(bindparam("external_ids", type_=ARRAY(Text))),
    )
    statement = select(table).where(table.c.workspace_id == WORKSPACE, named).order_by(table.c.id)
    rows = await uow.mappings(
        statement.with_for_update() if lock else statement,
        ids=list(ids),
        external_ids=list(external_ids),
    )
    return [dict(row) for row in rows]


def _recordset(table: Table) -> str:
    columns = (f"{one.name} {one.type.compile(_DIALECT)}" for one in table.c)
    return f"jsonb_to_recordset(cast(:rows as jsonb)) as r({', '.join(columns)})"


@cache
def _insert(table: Table, names: tuple[str, ...]) -> TextClause:
    return text(
        f"insert into {table.name} (workspace_id, {', '.join(names)})"
        f" select :workspace_id, {', '.join(f'r.{name}' for name in names)}"
        f" from {_recordset(table)}"
    )


@cache
def _update(table: Table, names: tuple[str, ...]) -> TextClause:
    return text(
        f"update {table.name} t set {', '.join(f'{name} = r.{name}' for name in names)},"
        f" version = r.version, updated_at = clock_timestamp() from {_recordset(table)}"
        " where t.workspace_id = :workspace_id and t.id = r.id"
    )


async def insert_all(uow: UnitOfWork, of: Upserted, states: Sequence[State]) -> None:
    """New records, which all say the same columns."""
    if states:
        statement = _insert(of.table, tuple(states[0]))
        await uow.run(statement, rows=to_json(states).decode())


async def update_all(uow: UnitOfWork, of: Upserted, states: Sequence[State]) -> None:
    """Records that are locked."""
    if states:
        await uow.run(_update(of.table, of.columns), rows=to_json(states).decode())
