"""Looks at every record of a rule, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.evaluation.engine.models import backfills
from shared.data import WORKSPACE, Transaction
from shared.rules.types.catalog import RecordType
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Backfill:
    """One evaluation of every record of a rule."""

    rule_id: UUID
    processed: int
    total: int | None
    started_at: datetime
    finished_at: datetime | None
    corrected: int | None
    run: int
    """Grows with each look."""
    repeated: bool
    """The rule is as it was before: what had to be corrected is drift."""

    def as_json(self) -> dict[str, Any]:
        return {
            "state": "running" if self.finished_at is None else "done",
            "processed": self.processed,
            "total": self.total,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "corrected": self.corrected or 0,
            "drift": (self.corrected or 0) if self.repeated else None,
        }


_START = text(
    """
    insert into backfills (workspace_id, rule_id) values (:workspace_id, :rule_id)
    on conflict (workspace_id, rule_id) do update
    set run = backfills.run + 1, after_id = null, processed = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, corrected = null,
        repeated = :repeated and backfills.finished_at is not null
    """
)


async def start_backfill(uow: UnitOfWork, rule_id: UUID, *, repeated: bool) -> None:
    """From the beginning; how many records there are is counted by whoever begins."""
    await uow.run(_START, rule_id=rule_id, repeated=repeated)


_START_DEPENDENT = text(
    """
    insert into backfills (workspace_id, rule_id)
    select distinct workspace_id, rule_id from rule_dependencies
    where workspace_id = :workspace_id and what = :what
    on conflict (workspace_id, rule_id) do update
    set run = backfills.run + 1, after_id = null, processed = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, corrected = null, repeated = false
    """
)


async def start_dependent_backfills(uow: UnitOfWork, what: str) -> None:
    await uow.run(_START_DEPENDENT, what=what)


async def count_records(uow: UnitOfWork, rule_id: UUID, type_: RecordType) -> None:
    own, given = _own(type_)
    statement = text(
        f"""
        update backfills
        set total = (select count(*) from {type_.table} where workspace_id = :workspace_id{own})
        where workspace_id = :workspace_id and rule_id = :rule_id
        """
    )
    await uow.run(statement, rule_id=rule_id, **given)


def _own(type_: RecordType) -> tuple[str, dict[str, Any]]:
    """Which rows of the table are records of the type."""
    if type_.only is None:
        return "", {}
    name, value = type_.only
    return f" and {name} = :own", {"own": value}


@dataclass(frozen=True, slots=True)
class NextBackfill:
    """The oldest unfinished one, with the kind and record type of its rule."""

    rule_id: UUID
    run: int
    after_id: UUID | None
    repeated: bool
    kind: str
    record_type: str


_NEXT = text(
    """
    select s.rule_id, s.run, s.after_id, s.repeated, w.kind, w.record_type
    from backfills s join evaluated_rules w
      on w.workspace_id = s.workspace_id and w.id = s.rule_id
    where s.workspace_id = :workspace_id and s.finished_at is null
    order by s.repeated, s.started_at, s.rule_id limit 1
    """
)


async def next_backfill(uow: UnitOfWork) -> NextBackfill | None:
    """Rechecks come last."""
    return await uow.row(NextBackfill, _NEXT)


async def ids_after(
    uow: UnitOfWork, type_: RecordType, after: UUID | None, limit: int
) -> list[UUID]:
    """Tombstones too: what still belongs to one must end."""
    own, more = _own(type_)
    statement = text(
        f"select id from {type_.table} where workspace_id = :workspace_id{own}"
        " and (cast(:after as uuid) is null or id > :after) order by id limit :limit"
    ).bindparams(bindparam("after", type_=Uuid()))
    return await uow.values(UUID, statement, after=after, limit=limit, **more)


_ADVANCE = text(
    """
    update backfills set after_id = coalesce(:after, after_id),
        processed = processed + :evaluated,
        corrected = coalesce(corrected, 0) + :corrected,
        finished_at = case when :finished then clock_timestamp() end
    where workspace_id = :workspace_id and rule_id = :rule_id and run = :run
    """
).bindparams(bindparam("after", type_=Uuid()))


async def advance_backfill(
    uow: UnitOfWork,
    rule_id: UUID,
    run: int,
    *,
    after: UUID | None,
    evaluated: int,
    corrected: int,
    finished: bool,
) -> None:
    """Not when it was started again meanwhile: then it begins at the beginning."""
    done = {"after": after, "evaluated": evaluated, "corrected": corrected, "finished": finished}
    await uow.run(_ADVANCE, rule_id=rule_id, run=run, **done)


_OF_RULES = select(*(backfills.c[field.name] for field in fields(Backfill))).where(
    backfills.c.workspace_id == WORKSPACE,
    backfills.c.rule_id == any_(bindparam("rule_ids", type_=ARRAY(Uuid()))),
)


async def backfills_of(uow: UnitOfWork, rule_ids: Sequence[UUID]) -> dict[UUID, Backfill]:
    rows = await uow.rows(Backfill, _OF_RULES, rule_ids=list(rule_ids))
    return {backfill.rule_id: backfill for backfill in rows}


_STALE = text(
    """
    update backfills set run = run + 1, after_id = null, processed = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, corrected = null, repeated = true
    where finished_at < clock_timestamp() - make_interval(hours => :hours)
      and exists (select 1 from rule_dependencies w where w.workspace_id = backfills.workspace_id
                                                 and w.rule_id = backfills.rule_id)
    """
)


async def restart_old_backfills(scope: Transaction, hours: int) -> int:
    """Evaluate every record again for rules whose last backfill is older."""
    return await scope.run(_STALE, hours=hours)
