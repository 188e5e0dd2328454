from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    Text,
    Uuid,
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

from accounts_api.rules.catalog import Catalog
from accounts_api.rules.depends import EXISTENCE, Sight
from accounts_api.rules.sql.reach import reach
from accounts_api.watching.models import sweeps, watch_horizons, watch_sights, watches

_SIGHTS = and_(
    watch_sights.c.workspace_id == watches.c.workspace_id,
    watch_sights.c.watch_id == watches.c.id,
)
# Each "first of" is one step into an index, however many rows there are; an EXISTS would be planned
# as a scan as soon as many rows are expected to match.
_WITH_WORK = text(
    """
    select w.workspace_id from workspaces w
    where (select q.id from change_queue q where q.workspace_id = w.workspace_id
           order by q.workspace_id, q.id limit 1) is not null
       or (select s.watch_id from sweeps s
           where s.workspace_id = w.workspace_id and s.finished_at is null
           order by s.workspace_id, s.watch_id limit 1) is not null
       or (select h.flips_at from watch_horizons h where h.workspace_id = w.workspace_id
           order by h.workspace_id, h.flips_at limit 1)
          <= coalesce(w.frozen_at, clock_timestamp())
    """
)
_COUNT_WORK = text(
    """
    select
        (select count(*) from change_queue where workspace_id = :workspace_id) as record_changes,
        (select count(*) from watch_horizons where workspace_id = :workspace_id
            and flips_at <= (select workspace_now(:workspace_id))) as segment_flips,
        (select count(*) from sweeps
         where workspace_id = :workspace_id and finished_at is null) as sweeps
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


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    record_type: str
    record_id: UUID
    what: Sequence[str]
    at: datetime
    cause: Any


_CLAIM = text(
    """
    delete from change_queue where workspace_id = :workspace_id and id in (
        select id from change_queue where workspace_id = :workspace_id order by id limit :limit)
    returning id, record_type, record_id, what, at, cause
    """
)


async def claim_changes(session: AsyncSession, workspace_id: UUID, limit: int) -> Sequence[Claimed]:
    found = await session.execute(_CLAIM, {"workspace_id": workspace_id, "limit": limit})
    return sorted((Claimed(*row) for row in found), key=lambda claimed: claimed.id)


@dataclass(frozen=True, slots=True)
class Seen:
    watch_id: UUID
    kind: str
    watched: str
    path: tuple[str, ...]
    record_id: UUID
    change: int


_SEEN = text(
    f"""
    with changed as (
        select id, record_type, record_id, what
        from jsonb_to_recordset(cast(:changes as jsonb))
               as c(id bigint, record_type text, record_id uuid, what text)
    ), seen as (
        select s.watch_id, s.path, c.record_id, c.id
        from changed c join watch_sights s
          on s.workspace_id = :workspace_id and s.record_type = c.record_type and s.what = c.what
        union all
        select s.watch_id, s.path, c.record_id, c.id
        from changed c join watch_sights s
          on s.workspace_id = :workspace_id and s.record_type = c.record_type
        where c.what = '{EXISTENCE}'
    )
    select seen.watch_id, w.kind, w.record_type, seen.path, seen.record_id, max(seen.id)
    from seen join watches w on w.workspace_id = :workspace_id and w.id = seen.watch_id
    group by 1, 2, 3, 4, 5
    """
)


async def seen_by(
    session: AsyncSession, workspace_id: UUID, changes: Iterable[Claimed]
) -> list[Seen]:
    """Which watches see the changes, over which path; the last change of each record."""
    rows = [
        {"id": c.id, "record_type": c.record_type, "record_id": c.record_id, "what": what}
        for c in changes
        for what in c.what
    ]
    given = {"workspace_id": workspace_id, "changes": to_json(rows).decode()}
    found = await session.execute(_SEEN, given)
    return [
        Seen(watch_id, kind, watched, tuple(path), record_id, change)
        for watch_id, kind, watched, path, record_id, change in found
    ]


async def reached(
    session: AsyncSession,
    workspace_id: UUID,
    catalog: Catalog,
    watched: str,
    path: Sequence[str],
    ids: Sequence[UUID],
) -> Sequence[tuple[UUID, UUID]]:
    """Pairs of (watched record, seen record)."""
    found = await session.execute(reach(catalog, watched, path, workspace_id, ids))
    return [(start, end) for start, end in found]


async def watch(
    session: AsyncSession,
    workspace_id: UUID,
    watch_id: UUID,
    kind: str,
    record_type: str,
    sights: Iterable[Sight],
) -> None:
    """Replace what a watch sees."""
    key = {"workspace_id": workspace_id, "id": watch_id}
    await session.execute(
        upsert(watches).values(**key, kind=kind, record_type=record_type).on_conflict_do_nothing()
    )
    await session.execute(
        delete(watch_sights).where(
            watch_sights.c.workspace_id == workspace_id, watch_sights.c.watch_id == watch_id
        )
    )
    rows = [
        {
            "workspace_id": workspace_id,
            "watch_id": watch_id,
            "record_type": sight.record_type,
            "what": sight.what,
            "path": list(sight.path),
        }
        for sight in sorted(sights)
    ]
    if rows:
        await session.execute(insert(watch_sights), rows)


async def unwatch(session: AsyncSession, workspace_id: UUID, watch_id: UUID) -> None:
    for table, column in (
        (sweeps, sweeps.c.watch_id),
        (watch_horizons, watch_horizons.c.watch_id),
        (watches, watches.c.id),
    ):
        gone = delete(table).where(table.c.workspace_id == workspace_id, column == watch_id)
        await session.execute(gone)


async def watched(session: AsyncSession, workspace_id: UUID, kind: str) -> dict[str, str]:
    """Record type by id of the watches that see anything: archived things see nothing."""
    found = await session.execute(
        select(watches.c.id, watches.c.record_type)
        .distinct()
        .join(watch_sights, _SIGHTS)
        .where(watches.c.workspace_id == workspace_id, watches.c.kind == kind)
    )
    return {str(watch_id): record_type for watch_id, record_type in found}


async def seen_at_all(
    session: AsyncSession, workspace_id: UUID, what: Iterable[str]
) -> frozenset[str]:
    wanted = any_(bindparam(None, sorted(what), type_=ARRAY(Text())))
    found = select(watch_sights.c.what).where(
        watch_sights.c.workspace_id == workspace_id, watch_sights.c.what == wanted
    )
    return frozenset(await session.scalars(found.distinct()))


async def watching(
    session: AsyncSession, workspace_id: UUID, record_type: str, what: str
) -> Sequence[tuple[UUID, str]]:
    """Id and kind of the watches that see `what` of records of `record_type`."""
    found = await session.execute(
        select(watches.c.id, watches.c.kind)
        .distinct()
        .join(watch_sights, _SIGHTS)
        .where(
            watches.c.workspace_id == workspace_id,
            watch_sights.c.record_type == record_type,
            watch_sights.c.what == what,
        )
    )
    return [(watch_id, kind) for watch_id, kind in found]


_DUE = text(
    """
    with first as (
        select flips_at from watch_horizons
        where workspace_id = :workspace_id and flips_at <= :now order by flips_at limit 1
    ), due as (
        select h.watch_id, h.record_id from watch_horizons h, first
        where h.workspace_id = :workspace_id and h.flips_at = first.flips_at limit :limit
    ), taken as (
        delete from watch_horizons h using due
        where h.workspace_id = :workspace_id
          and h.watch_id = due.watch_id and h.record_id = due.record_id
        returning h.watch_id, h.record_id, h.flips_at
    )
    select t.watch_id, w.kind, t.record_id, t.flips_at
    from taken t
    left join watches w on w.workspace_id = :workspace_id and w.id = t.watch_id
    """
)


async def claim_due(
    session: AsyncSession, workspace_id: UUID, now: datetime, limit: int
) -> Sequence[Any]:
    """What falls due first, all of one instant; taken out, so that judging puts back the next."""
    given = {"workspace_id": workspace_id, "now": now, "limit": limit}
    return (await session.execute(_DUE, given)).all()


_SET_HORIZONS = text(
    """
    insert into watch_horizons (workspace_id, watch_id, record_id, flips_at)
    select :workspace_id, * from unnest(
        cast(:watch_ids as uuid[]), cast(:record_ids as uuid[]), cast(:flips as timestamptz[]))
    on conflict (workspace_id, watch_id, record_id) do update set flips_at = excluded.flips_at
    """
)
_DROP_HORIZONS = text(
    """
    delete from watch_horizons h
    using unnest(cast(:watch_ids as uuid[]), cast(:record_ids as uuid[])) as gone (watch, record)
    where h.workspace_id = :workspace_id and h.watch_id = gone.watch and h.record_id = gone.record
    """
)


async def set_horizons(
    session: AsyncSession,
    workspace_id: UUID,
    horizons: Sequence[tuple[UUID, UUID, datetime | None]],
) -> None:
    """(watch, record, instant): None takes the instant away."""
    kept = [(watch, record, at) for watch, record, at in horizons if at is not None]
    gone = [(watch, record) for watch, record, at in horizons if at is None]
    if kept:
        given = {
            "workspace_id": workspace_id,
            "watch_ids": [watch for watch, _, _ in kept],
            "record_ids": [record for _, record, _ in kept],
            "flips": [at for _, _, at in kept],
        }
        await session.execute(_SET_HORIZONS, given)
    if gone:
        given = {
            "workspace_id": workspace_id,
            "watch_ids": [watch for watch, _ in gone],
            "record_ids": [record for _, record in gone],
        }
        await session.execute(_DROP_HORIZONS, given)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One look at every record of a watch. `drift` counts what had to be corrected."""

    watch_id: UUID
    done: int
    total: int | None
    started_at: datetime
    finished_at: datetime | None
    drift: int | None
    run: int
    """Grows with each look."""

    def as_json(self) -> dict[str, Any]:
        return {
            "state": "running" if self.finished_at is None else "done",
            "done": self.done,
            "total": self.total,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "corrected": self.drift or 0,
        }


_START = text(
    """
    insert into sweeps (workspace_id, watch_id) values (:workspace_id, :watch_id)
    on conflict (workspace_id, watch_id) do update
    set run = sweeps.run + 1, after_id = null, done = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, drift = null
    """
)


async def start_sweep(session: AsyncSession, workspace_id: UUID, watch_id: UUID) -> None:
    """From the beginning; how many records there are is counted by whoever begins."""
    await session.execute(_START, {"workspace_id": workspace_id, "watch_id": watch_id})


async def count_for_sweep(
    session: AsyncSession, workspace_id: UUID, watch_id: UUID, table: str
) -> None:
    statement = text(
        f"""
        update sweeps
        set total = (select count(*) from {table} where workspace_id = :workspace_id)
        where workspace_id = :workspace_id and watch_id = :watch_id
        """
    )
    await session.execute(statement, {"workspace_id": workspace_id, "watch_id": watch_id})


async def next_sweep(session: AsyncSession, workspace_id: UUID) -> Any:
    """The oldest unfinished sweep with its watch's kind and record type, None without one."""
    found = await session.execute(
        text(
            """
            select s.watch_id, s.run, s.after_id, w.kind, w.record_type
            from sweeps s join watches w
              on w.workspace_id = s.workspace_id and w.id = s.watch_id
            where s.workspace_id = :workspace_id and s.finished_at is null
            order by s.started_at, s.watch_id limit 1
            """
        ),
        {"workspace_id": workspace_id},
    )
    return found.one_or_none()


async def ids_after(
    session: AsyncSession, workspace_id: UUID, table: str, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Tombstones too: what still belongs to one must end."""
    statement = text(
        f"select id from {table} where workspace_id = :workspace_id"
        " and (cast(:after as uuid) is null or id > :after) order by id limit :limit"
    ).bindparams(bindparam("after", type_=Uuid()))
    given = {"workspace_id": workspace_id, "after": after, "limit": limit}
    return (await session.scalars(statement, given)).all()


async def advance_sweep(
    session: AsyncSession,
    workspace_id: UUID,
    watch_id: UUID,
    run: int,
    *,
    after: UUID | None,
    looked_at: int,
    corrected: int,
    finished: bool,
) -> None:
    """Not when it was started again meanwhile: then it begins at the beginning."""
    await session.execute(
        text(
            """
            update sweeps set after_id = coalesce(:after, after_id), done = done + :looked_at,
                drift = coalesce(drift, 0) + :corrected,
                finished_at = case when :finished then clock_timestamp() end
            where workspace_id = :workspace_id and watch_id = :watch_id and run = :run
            """
        ).bindparams(bindparam("after", type_=Uuid())),
        {
            "workspace_id": workspace_id,
            "watch_id": watch_id,
            "run": run,
            "after": after,
            "looked_at": looked_at,
            "corrected": corrected,
            "finished": finished,
        },
    )


async def sweeps_of(
    session: AsyncSession, workspace_id: UUID, watch_ids: Sequence[UUID]
) -> dict[UUID, Sweep]:
    columns = (
        sweeps.c.watch_id,
        sweeps.c.done,
        sweeps.c.total,
        sweeps.c.started_at,
        sweeps.c.finished_at,
        sweeps.c.drift,
        sweeps.c.run,
    )
    found = await session.execute(
        select(*columns).where(
            sweeps.c.workspace_id == workspace_id,
            sweeps.c.watch_id == any_(bindparam(None, list(watch_ids), type_=ARRAY(Uuid()))),
        )
    )
    return {row.watch_id: Sweep(*row) for row in found}


_STALE = text(
    """
    update sweeps set run = run + 1, after_id = null, done = 0, total = null,
        started_at = clock_timestamp(), finished_at = null, drift = null
    where finished_at < clock_timestamp() - make_interval(hours => :hours)
      and exists (select 1 from watch_sights w where w.workspace_id = sweeps.workspace_id
                                                 and w.watch_id = sweeps.watch_id)
    returning watch_id
    """
)


async def restart_old_sweeps(session: AsyncSession, hours: int) -> int:
    """Let every watch whose last full look is older look at every record again."""
    return len((await session.execute(_STALE, {"hours": hours})).all())
