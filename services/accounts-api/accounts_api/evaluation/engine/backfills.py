"""Looks at every record of a rule, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.evaluation.engine.models import backfills
from accounts_api.language.rules.catalog import RecordType
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


async def start_backfill(
    session: AsyncSession, workspace_id: UUID, rule_id: UUID, *, repeated: bool
) -> None:
    """From the beginning; how many records there are is counted by whoever begins."""
    given = {"workspace_id": workspace_id, "rule_id": rule_id, "repeated": repeated}
    await session.execute(_START, given)


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


async def start_dependent_backfills(session: AsyncSession, workspace_id: UUID, what: str) -> None:
    await session.execute(_START_DEPENDENT, {"workspace_id": workspace_id, "what": what})


async def count_records(
    session: AsyncSession, workspace_id: UUID, rule_id: UUID, type_: RecordType
) -> None:
    own, given = _own(type_)
    statement = text(
        f"""
        update backfills
        set total = (select count(*) from {type_.table} where workspace_id = :workspace_id{own})
        where workspace_id = :workspace_id and rule_id = :rule_id
        """
    )
    known = {"workspace_id": workspace_id, "rule_id": rule_id, **given}
    await session.execute(statement, known)


def _own(type_: RecordType) -> tuple[str, dict[str, Any]]:
    """Which rows of the table are records of the type."""
    if type_.only is None:
        return "", {}
    name, value = type_.only
    return f" and {name} = :own", {"own": value}


async def next_backfill(session: AsyncSession, workspace_id: UUID) -> Any:
    """The oldest unfinished backfill with the kind and record type of its rule, None without one.
    Rechecks come last.
    """
    found = await session.execute(
        text(
            """
            select s.rule_id, s.run, s.after_id, s.repeated, w.kind, w.record_type
            from backfills s join evaluated_rules w
              on w.workspace_id = s.workspace_id and w.id = s.rule_id
            where s.workspace_id = :workspace_id and s.finished_at is null
            order by s.repeated, s.started_at, s.rule_id limit 1
            """
        ),
        {"workspace_id": workspace_id},
    )
    return found.one_or_none()


async def ids_after(
    session: AsyncSession, workspace_id: UUID, type_: RecordType, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Tombstones too: what still belongs to one must end."""
    own, more = _own(type_)
    statement = text(
        f"select id from {type_.table} where workspace_id = :workspace_id{own}"
        " and (cast(:after as uuid) is null or id > :after) order by id limit :limit"
    ).bindparams(bindparam("after", type_=Uuid()))
    given = {"workspace_id": workspace_id, "after": after, "limit": limit, **more}
    return (await session.scalars(statement, given)).all()


async def advance_backfill(
    session: AsyncSession,
    workspace_id: UUID,
    rule_id: UUID,
    run: int,
    *,
    after: UUID | None,
    evaluated: int,
    corrected: int,
    finished: bool,
) -> None:
    """Not when it was started again meanwhile: then it begins at the beginning."""
    await session.execute(
        text(
            """
            update backfills set after_id = coalesce(:after, after_id),
                processed = processed + :evaluated,
                corrected = coalesce(corrected, 0) + :corrected,
                finished_at = case when :finished then clock_timestamp() end
            where workspace_id = :workspace_id and rule_id = :rule_id and run = :run
            """
        ).bindparams(bindparam("after", type_=Uuid())),
        {
            "workspace_id": workspace_id,
            "rule_id": rule_id,
            "run": run,
            "after": after,
            "evaluated": evaluated,
            "corrected": corrected,
            "finished": finished,
        },
    )


async def backfills_of(uow: UnitOfWork, rule_ids: Sequence[UUID]) -> dict[UUID, Backfill]:
    names = [field.name for field in fields(Backfill)]
    found = await uow.session.execute(
        select(*(backfills.c[name] for name in names)).where(
            backfills.c.workspace_id == uow.workspace_id,
            backfills.c.rule_id == any_(bindparam(None, list(rule_ids), type_=ARRAY(Uuid()))),
        )
    )
    return {row.rule_id: Backfill(*row) for row in found}


_STALE = text(
    """
    update backfills set run = run + 1, after_id = null, processed = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, corrected = null, repeated = true
    where finished_at < clock_timestamp() - make_interval(hours => :hours)
      and exists (select 1 from rule_dependencies w where w.workspace_id = backfills.workspace_id
                                                 and w.rule_id = backfills.rule_id)
    returning rule_id
    """
)


async def restart_old_backfills(session: AsyncSession, hours: int) -> int:
    """Evaluate every record again for rules whose last backfill is older."""
    return len((await session.execute(_STALE, {"hours": hours})).all())
