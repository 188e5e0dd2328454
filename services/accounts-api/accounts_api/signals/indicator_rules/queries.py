from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.evaluation.engine.next_changes import stored_next_change
from shared.data import WORKSPACE
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.sql.evaluate_many import verdicts
from shared.rules.sql.rows import Row, record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class EvaluatedRecord:
    """The lists have one place, that of the rule."""

    record_id: UUID
    deleted: bool
    matched: list[bool]
    next_changes: list[datetime | None]
    next_change_at: datetime | None
    """As it is stored."""


async def evaluated(
    uow: UnitOfWork,
    definition_id: UUID,
    rule: Rule,
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[EvaluatedRecord]:
    def next_change_at(row: Row) -> ColumnElement[Any]:
        return stored_next_change(row.workspace, definition_id, row.id)

    statement = verdicts([rule], uow.workspace_id, ids, context, next_change_at)
    return await uow.rows(EvaluatedRecord, statement)


_LOCK = text(
    """
    select id from indicator_definitions
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[])) order by id
    for no key update
    """
)


async def lock_definitions(uow: UnitOfWork, ids: Collection[UUID]) -> None:
    """Nobody opens an indicator of theirs by hand meanwhile."""
    await uow.run(_LOCK, ids=list(ids))


@dataclass(frozen=True, slots=True)
class Hold:
    """A record for which the rule has held since then, and not long enough yet."""

    record_id: UUID
    since: datetime
    quiet: bool


_HOLDS = text(
    """
    select record_id, since, quiet from indicator_holds
    where workspace_id = :workspace_id and definition_id = :definition_id
      and record_id = any(cast(:ids as uuid[]))
    """
)


async def holds_of(uow: UnitOfWork, definition_id: UUID, ids: Collection[UUID]) -> dict[UUID, Hold]:
    rows = await uow.rows(Hold, _HOLDS, definition_id=definition_id, ids=list(ids))
    return {row.record_id: row for row in rows}


_BEGIN = text(
    """
    insert into indicator_holds (workspace_id, definition_id, record_id, since, quiet)
    select :workspace_id, :definition_id, r.record_id, r.since, r.quiet
    from jsonb_to_recordset(cast(:rows as jsonb))
        as r(record_id uuid, since timestamptz, quiet boolean)
    on conflict (workspace_id, definition_id, record_id) do nothing
    """
)
_END = text(
    """
    delete from indicator_holds
    where workspace_id = :workspace_id and definition_id = :definition_id
      and record_id = any(cast(:ids as uuid[]))
    """
)


async def begin_holds(
    uow: UnitOfWork, definition_id: UUID, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Rows of record_id, since and quiet."""
    await uow.run(_BEGIN, definition_id=definition_id, rows=to_json(rows).decode())


async def end_holds(uow: UnitOfWork, definition_id: UUID, ids: Collection[UUID]) -> None:
    await uow.run(_END, definition_id=definition_id, ids=list(ids))


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    seen: str
    """For `read_snapshot`."""


async def seen_by(
    uow: UnitOfWork, rule: Rule, ids: Collection[UUID], context: EvaluationContext
) -> dict[UUID, Snapshot]:
    """What the rule sees of each record."""
    needed = needs(rule)
    row = record_table(needed.type)
    statement = select(row.c.id, snapshot(needed, row, context).label("seen")).where(
        row.c.workspace_id == WORKSPACE,
        row.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
    )
    rows = await uow.rows(_Row, statement, ids=list(ids)) if ids else []
    return {each.id: read_snapshot(needed, each.seen) for each in rows}
