from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.page_bytes import rows_within

_KEEP = text(
    """
    insert into partner_events (workspace_id, id, type, data, cause, occurred_at)
    values (:workspace_id, :id, :type, cast(:data as json), cast(:cause as json), :occurred_at)
    on conflict (workspace_id, id) do nothing
    """
)


async def keep_event(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    id: UUID,  # noqa: A002
    type: str,  # noqa: A002
    data: str,
    cause: str,
    occurred_at: datetime,
) -> bool:
    """False when it is there already."""
    values = {"id": id, "type": type, "data": data, "cause": cause, "occurred_at": occurred_at}
    done = await session.execute(_KEEP, {"workspace_id": workspace_id, **values})
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DML result always counts


_HORIZON = text(
    """
    select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
           coalesce((select (floor.xid, floor.seq) > (cast(cast(:xid as text) as xid8), :seq)
                     from partner_feed_floors floor where workspace_id = :workspace_id),
                    false) as missed
    """
)


async def horizon(
    session: AsyncSession, workspace_id: UUID, place: tuple[int, int]
) -> tuple[int, bool]:
    """Every transaction before the horizon has ended; and whether events after `place` are gone."""
    values = {"workspace_id": workspace_id, "xid": str(place[0]), "seq": place[1]}
    row = (await session.execute(_HORIZON, values)).one()
    return int(row.horizon), bool(row.missed)


_COLUMNS = """
    id::text as id, type, data::text as data, cause::text as cause,
    to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
    to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as recorded_at,
    xid::text as place_xid, seq, octet_length(data::text) as size
"""
_PAGE = """
    select {columns} from partner_events
    where workspace_id = :workspace_id
      and (xid, seq) > (cast(cast(:xid as text) as xid8), :seq)
      and xid < cast(cast(:horizon as text) as xid8)
      {narrower}
    order by xid, seq
    limit :limit
"""
_ALL_TYPES = text(_PAGE.format(columns=_COLUMNS, narrower=""))
_SOME_TYPES = text(_PAGE.format(columns=_COLUMNS, narrower="and type = any(:types)"))


async def events_between(
    session: AsyncSession,
    workspace_id: UUID,
    place: tuple[int, int],
    until: int,
    types: Sequence[str] | None,
    limit: int,
) -> tuple[Sequence[RowMapping], bool]:
    """Events after `place` of transactions before `until`, in commit order, and whether there are
    more; all columns are text.

    A bare id as cursor would lose the events of transactions that commit late.
    """
    values: dict[str, Any] = {
        "workspace_id": workspace_id,
        "xid": str(place[0]),
        "seq": place[1],
        "horizon": str(until),
    }
    if types is None:
        return await rows_within(session, _ALL_TYPES, values, limit)
    return await rows_within(session, _SOME_TYPES, {**values, "types": list(types)}, limit)


_SOME = text(
    f"select {_COLUMNS} from partner_events where workspace_id = :workspace_id and id = any(:ids)"
)


async def events_by_id(
    session: AsyncSession, workspace_id: UUID, ids: Sequence[UUID]
) -> Sequence[RowMapping]:
    values = {"workspace_id": workspace_id, "ids": list(ids)}
    return (await session.execute(_SOME, values)).mappings().all()


_RANGE = """
    select id, type, recorded_at from partner_events
    where workspace_id = :workspace_id
      and recorded_at >= :since and recorded_at < :until
      and (recorded_at, id) > (:after_at, :after_id)
      {narrower}
    order by recorded_at, id
    limit :limit
"""
_ANY_OF_RANGE = text(_RANGE.format(narrower=""))
_TYPES_OF_RANGE = text(_RANGE.format(narrower="and type = any(:types)"))


async def events_recorded(
    session: AsyncSession,
    workspace_id: UUID,
    since: datetime,
    until: datetime,
    after: tuple[datetime, UUID],
    types: Sequence[str] | None,
    limit: int,
) -> Sequence[Any]:
    values: dict[str, Any] = {
        "workspace_id": workspace_id,
        "since": since,
        "until": until,
        "after_at": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    if types is None:
        return (await session.execute(_ANY_OF_RANGE, values)).all()
    return (await session.execute(_TYPES_OF_RANGE, {**values, "types": list(types)})).all()


_FORGET = text(
    """
    with gone as (
        delete from partner_events where ctid in (
            select ctid from partner_events
            where recorded_at < clock_timestamp() - make_interval(days => :days)
            limit :limit)
        returning workspace_id, xid, seq
    ), floors as (
        insert into partner_feed_floors as floor (workspace_id, xid, seq)
        select distinct on (workspace_id) workspace_id, xid, seq
        from gone order by workspace_id, xid desc, seq desc
        on conflict (workspace_id) do update set xid = excluded.xid, seq = excluded.seq
        where (excluded.xid, excluded.seq) > (floor.xid, floor.seq)
    )
    select count(*) from gone
    """
)


async def forget_events(session: AsyncSession, days: int, limit: int) -> int:
    """Of all workspaces; each remembers how far its feed was forgotten."""
    done = await session.execute(_FORGET, {"days": days, "limit": limit})
    return int(done.scalar_one())
