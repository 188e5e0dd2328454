from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Text, and_, any_, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from accounts_api.evaluation.engine.models import (
    backfills,
    evaluated_rules,
    rule_dependencies,
    rule_next_changes,
)
from accounts_api.evaluation.engine.rules import TIMED, Change, DependentRule
from shared.columns import AT
from shared.data import WORKSPACE, Transaction
from shared.rules.interpreter.depends import EXISTENCE, Dependency
from shared.rules.sql.affected_records import reach
from shared.rules.types.catalog import Catalog
from shared.uow import UnitOfWork

# Each "first of" is one step into an index, however many rows there are; an EXISTS would be planned
# as a scan as soon as many rows are expected to match.
_WITH_WORK = text(
    """
    select w.workspace_id from workspaces w
    where (select q.id from change_queue q where q.workspace_id = w.workspace_id
           order by q.workspace_id, q.id limit 1) is not null
       or (select s.rule_id from backfills s
           where s.workspace_id = w.workspace_id and s.finished_at is null
           order by s.workspace_id, s.rule_id limit 1) is not null
       or (select h.next_change_at from rule_next_changes h where h.workspace_id = w.workspace_id
           order by h.workspace_id, h.next_change_at limit 1)
          <= coalesce(w.frozen_at, clock_timestamp())
       or (select h.retry_at from held_work h
           where h.workspace_id = w.workspace_id and h.step = 'rules'
           order by h.workspace_id, h.step, h.retry_at limit 1) <= clock_timestamp()
    """
)
_COUNT_WORK = text(
    """
    select
        (select count(*) from change_queue where workspace_id = :workspace_id) as record_changes,
        (select count(*) from rule_next_changes where workspace_id = :workspace_id
            and next_change_at <= (select workspace_now(:workspace_id))) as due_rechecks,
        (select count(*) from backfills
         where workspace_id = :workspace_id and finished_at is null) as backfills
    """
)
_KEY = "hashtextextended('{}:' || cast(cast(:workspace_id as uuid) as text), 0)"
_LOCK = text(f"select pg_try_advisory_xact_lock({_KEY.format('rules')})")
_WAIT = text(f"select pg_advisory_xact_lock({_KEY.format('rules')})")
_LOCK_DEPENDENCIES = text(f"select pg_advisory_xact_lock({_KEY.format('dependencies')})")


@dataclass(frozen=True, slots=True)
class Work:
    record_changes: int
    due_rechecks: int
    backfills: int


async def workspaces_with_work(scope: Transaction) -> list[UUID]:
    return await scope.values(UUID, _WITH_WORK)


async def count_work(uow: UnitOfWork) -> Work:
    return await uow.one(Work, _COUNT_WORK)


async def try_lock(uow: UnitOfWork) -> bool:
    return await uow.one_value(bool, _LOCK)


async def lock(uow: UnitOfWork) -> None:
    await uow.run(_WAIT)


async def lock_dependencies(uow: UnitOfWork) -> None:
    """One change at a time of what depends on what: two halves of a cycle would not meet."""
    await uow.run(_LOCK_DEPENDENCIES)


@dataclass(frozen=True, slots=True)
class _Seen:
    rule_id: UUID
    record_type: str
    what: str


_OF_WHAT = (
    rule_dependencies.c.workspace_id == WORKSPACE,
    rule_dependencies.c.what == any_(bindparam("wanted", type_=ARRAY(Text()))),
)
_DEPENDENCIES_ON = (
    select(rule_dependencies.c.rule_id, rule_dependencies.c.record_type, rule_dependencies.c.what)
    .where(*_OF_WHAT)
    .distinct()
)


async def dependencies_on(uow: UnitOfWork, what: Sequence[str]) -> list[tuple[UUID, Dependency]]:
    """Who sees any of `what`, of which records; paths are left out."""
    rows = await uow.rows(_Seen, _DEPENDENCIES_ON, wanted=list(what))
    return [(row.rule_id, Dependency(row.record_type, row.what)) for row in rows]


_EVALUATED_UNTIL = text(
    """
    select least(:now,
        (select q.at from change_queue q where q.workspace_id = :workspace_id
         order by q.workspace_id, q.id limit 1),
        (select h.next_change_at from rule_next_changes h where h.workspace_id = :workspace_id
         order by h.workspace_id, h.next_change_at limit 1))
    """
).bindparams(bindparam("now", type_=AT))


async def evaluated_until(uow: UnitOfWork, now: datetime) -> datetime:
    return await uow.value(datetime, _EVALUATED_UNTIL, now=now) or now


_QUEUE = text(
    """
    insert into change_queue (workspace_id, record_type, record_id, what, at, cause)
    select :workspace_id, c.record_type, c.record_id, c.what, coalesce(c.at, :at),
           cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:changes as jsonb))
           as c(record_type text, record_id uuid, what text[], at timestamptz)
    """
)


async def queue(
    uow: UnitOfWork, changes: Iterable[Mapping[str, Any]], at: datetime, cause: str
) -> None:
    """`changes` are rows of `record_type`, `record_id`, `what`."""
    await uow.run(_QUEUE, changes=to_json(list(changes)).decode(), at=at, cause=cause)


_CLAIM = text(
    """
    select id, record_type, record_id, what, at, cause
    from claim_changes(:workspace_id, :after, :mark, :limit)
    """
).bindparams(bindparam("mark", type_=Text()))


async def claim_changes(uow: UnitOfWork, limit: int) -> list[Change]:
    return await uow.rows(Change, _CLAIM, after=0, mark=None, limit=limit)


_LAST_QUEUED = text("select max(id) from change_queue where workspace_id = :workspace_id")


async def last_queued(uow: UnitOfWork) -> int:
    """The place of the last change that waits."""
    return await uow.value(int, _LAST_QUEUED) or 0


async def claim_timed_changes(uow: UnitOfWork, last: int, limit: int) -> list[Change]:
    """What time alone has changed, of what came after a place in the queue."""
    return await uow.rows(Change, _CLAIM, after=last, mark=TIMED, limit=limit)


@dataclass(frozen=True, slots=True)
class _Dependent:
    record_type: str
    what: str
    rule_id: UUID
    kind: str
    evaluated_type: str
    path: list[str]


# One step into an index for each pair and each rule that it leads to: a join would be planned as a
# scan of all that any rule reads.
_DEPENDENT_RULES = text(
    f"""
    select c.record_type, c.what, d.rule_id, w.kind, w.record_type as evaluated_type, d.path
    from jsonb_to_recordset(cast(:changed as jsonb)) as c(record_type text, what text)
    cross join lateral (
        select s.rule_id, s.path from rule_dependencies s
        where s.workspace_id = :workspace_id and s.record_type = c.record_type and s.what = c.what
        union
        select s.rule_id, s.path from rule_dependencies s
        where s.workspace_id = :workspace_id and s.record_type = c.record_type
          and c.what = '{EXISTENCE}'
    ) d
    cross join lateral (
        select r.kind, r.record_type from evaluated_rules r
        where r.workspace_id = :workspace_id and r.id = d.rule_id limit 1
    ) w
    """
)


async def dependent_rules(
    uow: UnitOfWork, changed: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[DependentRule]]:
    """Who sees what has changed, by record type and what. Asked for each kind of change and not for
    each record: their number is that of the rules, however many records have changed.
    """
    pairs = [{"record_type": record_type, "what": what} for record_type, what in sorted(changed)]
    rows = await uow.rows(_Dependent, _DEPENDENT_RULES, changed=to_json(pairs).decode())
    found: dict[tuple[str, str], list[DependentRule]] = defaultdict(list)
    for row in rows:
        rule = DependentRule(row.rule_id, row.kind, row.evaluated_type, tuple(row.path))
        found[row.record_type, row.what].append(rule)
    return found


@dataclass(frozen=True, slots=True)
class Reached:
    evaluated: UUID
    read: UUID


async def reached(
    uow: UnitOfWork, catalog: Catalog, evaluated_type: str, path: Sequence[str], ids: Sequence[UUID]
) -> list[Reached]:
    """Records that a rule is about, each with one that it reads there."""
    pairs = reach(catalog, evaluated_type, path, uow.workspace_id, ids)
    start, end = pairs.selected_columns
    statement = pairs.with_only_columns(start.label("evaluated"), end.label("read"))
    return await uow.rows(Reached, statement)


_FORGET_DEPENDENCIES = delete(rule_dependencies).where(
    rule_dependencies.c.workspace_id == WORKSPACE,
    rule_dependencies.c.rule_id == bindparam("of_rule"),
)
_ADD_DEPENDENCIES = text(
    """
    insert into rule_dependencies (workspace_id, rule_id, record_type, what, path)
    select :workspace_id, :rule_id, d.record_type, d.what, d.path
    from jsonb_to_recordset(cast(:dependencies as jsonb))
           as d(record_type text, what text, path text[])
    """
)


async def register(
    uow: UnitOfWork,
    rule_id: UUID,
    kind: str,
    record_type: str,
    dependencies: Iterable[Dependency],
) -> None:
    """Replace what a rule sees."""
    rule = {"id": rule_id, "kind": kind, "record_type": record_type}
    await uow.run(upsert(evaluated_rules).values(**rule).on_conflict_do_nothing())
    await uow.run(_FORGET_DEPENDENCIES, of_rule=rule_id)
    rows = [
        {"record_type": each.record_type, "what": each.what, "path": list(each.path)}
        for each in sorted(dependencies)
    ]
    if rows:
        await uow.run(_ADD_DEPENDENCIES, rule_id=rule_id, dependencies=to_json(rows).decode())


async def unregister(uow: UnitOfWork, rule_id: UUID) -> None:
    for table, column in (
        (backfills, backfills.c.rule_id),
        (rule_next_changes, rule_next_changes.c.rule_id),
        (evaluated_rules, evaluated_rules.c.id),
    ):
        gone = delete(table).where(table.c.workspace_id == uow.workspace_id, column == rule_id)
        await uow.run(gone)


_DEPENDENCIES = and_(
    rule_dependencies.c.workspace_id == evaluated_rules.c.workspace_id,
    rule_dependencies.c.rule_id == evaluated_rules.c.id,
)
_DEPENDED_ON = select(rule_dependencies.c.what).where(*_OF_WHAT).distinct()


async def depended_on(uow: UnitOfWork, what: Iterable[str]) -> frozenset[str]:
    return frozenset(await uow.values(str, _DEPENDED_ON, wanted=sorted(what)))


@dataclass(frozen=True, slots=True)
class RuleOfKind:
    id: UUID
    kind: str


_DEPENDING_ON = (
    select(evaluated_rules.c.id, evaluated_rules.c.kind)
    .distinct()
    .join(rule_dependencies, _DEPENDENCIES)
    .where(
        evaluated_rules.c.workspace_id == WORKSPACE,
        rule_dependencies.c.record_type == bindparam("record_type"),
        rule_dependencies.c.what == bindparam("what"),
    )
)


async def rules_depending_on(uow: UnitOfWork, record_type: str, what: str) -> list[RuleOfKind]:
    """Those that see `what` of records of `record_type`."""
    return await uow.rows(RuleOfKind, _DEPENDING_ON, record_type=record_type, what=what)
