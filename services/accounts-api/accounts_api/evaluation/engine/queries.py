from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    Text,
    and_,
    any_,
    bindparam,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.evaluation.engine.models import (
    backfills,
    evaluated_rules,
    rule_dependencies,
    rule_next_changes,
)
from accounts_api.evaluation.engine.rules import Change, DependentRule
from accounts_api.language.interpreter.depends import EXISTENCE, Dependency
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.sql.affected_records import reach
from shared.columns import AT
from shared.uow import UnitOfWork

_DEPENDENCIES = and_(
    rule_dependencies.c.workspace_id == evaluated_rules.c.workspace_id,
    rule_dependencies.c.rule_id == evaluated_rules.c.id,
)
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
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('rules:' || :workspace_id, 0))")
_WAIT = text("select pg_advisory_xact_lock(hashtextextended('rules:' || :workspace_id, 0))")


async def workspaces_with_work(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(_WITH_WORK)).all()


async def count_work(session: AsyncSession, workspace_id: UUID) -> dict[str, int]:
    counted = await session.execute(_COUNT_WORK, {"workspace_id": workspace_id})
    return dict(counted.mappings().one())


async def try_lock(session: AsyncSession, workspace_id: UUID) -> bool:
    return bool(await session.scalar(_LOCK, {"workspace_id": str(workspace_id)}))


async def lock(session: AsyncSession, workspace_id: UUID) -> None:
    await session.execute(_WAIT, {"workspace_id": str(workspace_id)})


_LOCK_DEPENDENCIES = text(
    "select pg_advisory_xact_lock(hashtextextended('dependencies:' || :workspace_id, 0))"
)


async def lock_dependencies(session: AsyncSession, workspace_id: UUID) -> None:
    """One change at a time of what depends on what: two halves of a cycle would not meet."""
    await session.execute(_LOCK_DEPENDENCIES, {"workspace_id": str(workspace_id)})


async def dependencies_on(
    session: AsyncSession, workspace_id: UUID, what: Sequence[str]
) -> list[tuple[UUID, Dependency]]:
    """Who sees any of `what`, of which records; paths are left out."""
    found = await session.execute(
        select(
            rule_dependencies.c.rule_id, rule_dependencies.c.record_type, rule_dependencies.c.what
        )
        .where(
            rule_dependencies.c.workspace_id == workspace_id,
            rule_dependencies.c.what == any_(bindparam(None, list(what), type_=ARRAY(Text()))),
        )
        .distinct()
    )
    return [(rule_id, Dependency(record_type, seen)) for rule_id, record_type, seen in found]


_EVALUATED_UNTIL = text(
    """
    select least(:now,
        (select q.at from change_queue q where q.workspace_id = :workspace_id
         order by q.workspace_id, q.id limit 1),
        (select h.next_change_at from rule_next_changes h where h.workspace_id = :workspace_id
         order by h.workspace_id, h.next_change_at limit 1))
    """
).bindparams(bindparam("now", type_=AT))


async def evaluated_until(session: AsyncSession, workspace_id: UUID, now: datetime) -> datetime:
    found = await session.scalar(_EVALUATED_UNTIL, {"workspace_id": workspace_id, "now": now})
    return found or now


_QUEUE = text(
    """
    insert into change_queue (workspace_id, record_type, record_id, what, at, cause)
    select :workspace_id, c.record_type, c.record_id, c.what, :at, cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:changes as jsonb))
           as c(record_type text, record_id uuid, what text[])
    """
)


async def queue(
    session: AsyncSession,
    workspace_id: UUID,
    changes: Iterable[Mapping[str, Any]],
    at: datetime,
    cause: str,
) -> None:
    """`changes` are rows of `record_type`, `record_id`, `what`."""
    await session.execute(
        _QUEUE,
        {
            "workspace_id": workspace_id,
            "changes": to_json(list(changes)).decode(),
            "at": at,
            "cause": cause,
        },
    )


_CLAIM = text(
    """
    delete from change_queue where workspace_id = :workspace_id and id in (
        select id from change_queue where workspace_id = :workspace_id order by id limit :limit)
    returning id, record_type, record_id, what, at, cause
    """
)


async def claim_changes(session: AsyncSession, workspace_id: UUID, limit: int) -> Sequence[Change]:
    found = await session.execute(_CLAIM, {"workspace_id": workspace_id, "limit": limit})
    return [Change(*row) for row in found]


_DEPENDENT_RULES = text(
    f"""
    with changed as (
        select * from unnest(cast(:record_types as text[]), cast(:whats as text[]))
               as c(record_type, what)
    ), seen as (
        select c.record_type, c.what, s.rule_id, s.path
        from changed c join rule_dependencies s
          on s.workspace_id = :workspace_id and s.record_type = c.record_type and s.what = c.what
        union
        select c.record_type, c.what, s.rule_id, s.path
        from changed c join rule_dependencies s
          on s.workspace_id = :workspace_id and s.record_type = c.record_type
        where c.what = '{EXISTENCE}'
    )
    select seen.record_type, seen.what, seen.rule_id, w.kind, w.record_type, seen.path
    from seen join evaluated_rules w on w.workspace_id = :workspace_id and w.id = seen.rule_id
    """
)


async def dependent_rules(
    session: AsyncSession, workspace_id: UUID, changed: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[DependentRule]]:
    """Who sees what has changed, by record type and what. Asked for each kind of change and not for
    each record: their number is that of the evaluated_rules, however many records have changed.
    """
    given = {
        "workspace_id": workspace_id,
        "record_types": [record_type for record_type, _ in changed],
        "whats": [what for _, what in changed],
    }
    found: dict[tuple[str, str], list[DependentRule]] = defaultdict(list)
    for record_type, what, rule_id, kind, evaluated_type, path in await session.execute(
        _DEPENDENT_RULES, given
    ):
        found[record_type, what].append(DependentRule(rule_id, kind, evaluated_type, tuple(path)))
    return found


async def reached(
    session: AsyncSession,
    workspace_id: UUID,
    catalog: Catalog,
    evaluated_type: str,
    path: Sequence[str],
    ids: Sequence[UUID],
) -> Sequence[tuple[UUID, UUID]]:
    """Pairs of (evaluated record, record that is read)."""
    found = await session.execute(reach(catalog, evaluated_type, path, workspace_id, ids))
    return [(start, end) for start, end in found]


async def register(
    session: AsyncSession,
    workspace_id: UUID,
    rule_id: UUID,
    kind: str,
    record_type: str,
    dependencies: Iterable[Dependency],
) -> None:
    """Replace what a rule sees."""
    key = {"workspace_id": workspace_id, "id": rule_id}
    await session.execute(
        upsert(evaluated_rules)
        .values(**key, kind=kind, record_type=record_type)
        .on_conflict_do_nothing()
    )
    await session.execute(
        delete(rule_dependencies).where(
            rule_dependencies.c.workspace_id == workspace_id, rule_dependencies.c.rule_id == rule_id
        )
    )
    rows = [
        {
            "workspace_id": workspace_id,
            "rule_id": rule_id,
            "record_type": dependency.record_type,
            "what": dependency.what,
            "path": list(dependency.path),
        }
        for dependency in sorted(dependencies)
    ]
    if rows:
        await session.execute(insert(rule_dependencies), rows)


async def unregister(uow: UnitOfWork, rule_id: UUID) -> None:
    for table, column in (
        (backfills, backfills.c.rule_id),
        (rule_next_changes, rule_next_changes.c.rule_id),
        (evaluated_rules, evaluated_rules.c.id),
    ):
        gone = delete(table).where(table.c.workspace_id == uow.workspace_id, column == rule_id)
        await uow.session.execute(gone)


async def active_rules(session: AsyncSession, workspace_id: UUID, kind: str) -> dict[str, str]:
    """Record type by id of the evaluated_rules that see anything: archived things see nothing."""
    found = await session.execute(
        select(evaluated_rules.c.id, evaluated_rules.c.record_type)
        .distinct()
        .join(rule_dependencies, _DEPENDENCIES)
        .where(evaluated_rules.c.workspace_id == workspace_id, evaluated_rules.c.kind == kind)
    )
    return {str(rule_id): record_type for rule_id, record_type in found}


async def depended_on(
    session: AsyncSession, workspace_id: UUID, what: Iterable[str]
) -> frozenset[str]:
    wanted = any_(bindparam(None, sorted(what), type_=ARRAY(Text())))
    found = select(rule_dependencies.c.what).where(
        rule_dependencies.c.workspace_id == workspace_id, rule_dependencies.c.what == wanted
    )
    return frozenset(await session.scalars(found.distinct()))


async def rules_depending_on(
    session: AsyncSession, workspace_id: UUID, record_type: str, what: str
) -> Sequence[tuple[UUID, str]]:
    """Id and kind of the evaluated_rules that see `what` of records of `record_type`."""
    found = await session.execute(
        select(evaluated_rules.c.id, evaluated_rules.c.kind)
        .distinct()
        .join(rule_dependencies, _DEPENDENCIES)
        .where(
            evaluated_rules.c.workspace_id == workspace_id,
            rule_dependencies.c.record_type == record_type,
            rule_dependencies.c.what == what,
        )
    )
    return [(rule_id, kind) for rule_id, kind in found]
