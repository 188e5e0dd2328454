from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, null, select

from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_catalog import find_schema
from shared.rules.interpreter.needs import Needs
from shared.rules.sql.evaluate_many import verdicts
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


async def judged(
    uow: UnitOfWork,
    rules: Sequence[Rule],
    ids: Sequence[UUID],
    needs: Needs | None,
    context: EvaluationContext,
) -> list[Judged]:
    """In one statement, so that verdicts, values and version are of one moment."""
    record_type = rules[0].type.name
    schema = await find_schema(uow, record_type)
    if schema is None:
        return []
    table = TABLES[schema.statements.record_type]

    def seen(row: Row) -> ColumnElement[Any]:
        document = cast(null(), Text()) if needs is None else snapshot(needs, row.table, context)
        return document.label("seen")

    found = verdicts(rules, uow.workspace_id, ids, context, seen).cte("found")
    statement = (
        select(
            found.c.record_id,
            table.c.version,
            found.c.matched,
            found.c.next_changes,
            found.c.seen,
        )
        .join_from(found, table, table.c.id == found.c.record_id)
        .where(table.c.workspace_id == uow.workspace_id, found.c.deleted.is_(False))
    )
    return await uow.rows(Judged, statement)
