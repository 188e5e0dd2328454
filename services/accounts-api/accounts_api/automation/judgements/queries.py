from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, Text, Uuid, bindparam, cast, null, select
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.customers.formulas.shown import moved_types
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_catalog import find_schema
from shared.data import WORKSPACE
from shared.rules.interpreter.needs import Needs
from shared.rules.sql.evaluate_many import of_day, verdicts
from shared.rules.sql.rows import Row
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Judged:
    """A live record; the two lists have a place for each rule."""

    record_id: UUID
    version: int
    matched: Sequence[bool]
    next_changes: Sequence[datetime | None]
    seen: str | None
    """For `read_snapshot`."""


_IDS: Final = bindparam("ids", type_=ARRAY(Uuid()))


async def judged(
    uow: UnitOfWork,
    rules: Sequence[Rule],
    ids: Sequence[UUID],
    needs: Needs | None,
    context: EvaluationContext,
    reads: AbstractSet[tuple[str, str]],
    shown: AbstractSet[tuple[str, str]] = frozenset(),
) -> list[Judged]:
    """In one statement, so that verdicts, values and version are of one moment. `reads` is all that
    is read of records: what time has moved of it is worked out, and of what is `shown` always.
    """
    schema = await find_schema(uow, rules[0].type.name)
    if schema is None:
        return []
    table = TABLES[schema.statements.record_type]
    only = {schema.record_type: [str(id_) for id_ in ids]}
    moved = await moved_types(uow, reads, only=only, shown=shown)
    day = of_day(rules, context) if needs is None else None
    if day is None:
        statement = _statement(tuple(rules), table, needs, context)
    else:
        statement = _verdicts_of_day(tuple(rules), table, day)
    return await uow.rows(Judged, moved.begun(statement), ids=list(ids), **moved.parameters)


def _statement(
    rules: tuple[Rule, ...], table: Table, needs: Needs | None, context: EvaluationContext
) -> Select[Any]:
    def seen(row: Row) -> ColumnElement[Any]:
        document = cast(null(), Text()) if needs is None else snapshot(needs, row.table, context)
        return document.label("seen")

    found = verdicts(rules, WORKSPACE, _IDS, context, seen).cte("found")
    return (
        select(
            found.c.record_id,
            table.c.version,
            found.c.matched,
            found.c.next_changes,
            found.c.seen,
        )
        .join_from(found, table, table.c.id == found.c.record_id)
        .where(table.c.workspace_id == WORKSPACE, found.c.deleted.is_(False))
    )


@lru_cache(maxsize=256)
def _verdicts_of_day(
    rules: tuple[Rule, ...], table: Table, context: EvaluationContext
) -> Select[Any]:
    """Built once a day for the same rules: that costs as much as running it for one record."""
    return _statement(rules, table, None, context)
