from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.data import Transaction
from shared.page_bytes import rows_within
from shared.uow import UnitOfWork
from sync_worker.partners.partner_events.rules import TRACKED

_KEEP = text(
    """
    insert into partner_events
        (workspace_id, id, type, data, cause, quiet_batch_id, occurred_at)
    values (:workspace_id, :id, :type, cast(:data as json), cast(:cause as json),
            :quiet_batch_id, :occurred_at)
    on conflict (workspace_id, id) do nothing
    """
)


async def keep_event(
    uow: UnitOfWork,
    *,
    id: UUID,  # noqa: A002
    type: str,  # noqa: A002
    data: str,
    cause: str,
    quiet_batch_id: UUID | None,
    occurred_at: datetime,
) -> bool:
    """False when it is there already."""
    said = {"type": type, "data": data, "cause": cause, "quiet_batch_id": quiet_batch_id}
    return await uow.run(_KEEP, id=id, occurred_at=occurred_at, **said) > 0


@dataclass(frozen=True, slots=True)
class Horizon:
    """Every transaction before `xid` has ended; `missed` when events after a place are gone."""

    xid: int
    missed: bool


_HORIZON = text(
    """
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid,
           coalesce((select (floor.xid, floor.seq) > (cast(cast(:place_xid as text) as xid8), :seq)
                     from partner_feed_floors floor where workspace_id = :workspace_id),
                    false) as missed
    """
)


async def horizon(uow: UnitOfWork, place: tuple[int, int]) -> Horizon:
    return await uow.one(Horizon, _HORIZON, place_xid=str(place[0]), seq=place[1])


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as text, with its place in the feed and about how many bytes it takes."""

    id: str
    type: str
    data: str
    cause: str
    quiet_batch_id: str | None
    occurred_at: str
    recorded_at: str
    place_xid: str
    seq: int
    size: int


_COLUMNS = """
    id::text as id, type, data::text as data, cause::text as cause,
    quiet_batch_id::text as quiet_batch_id,
    to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
    to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as recorded_at,
    xid::text as place_xid, seq, octet_length(data::text) as size
"""
_PAGE = text(
    f"""
    select {_COLUMNS} from partner_events
    where workspace_id = :workspace_id
      and (xid, seq) > (cast(cast(:xid as text) as xid8), :seq)
      and xid < cast(cast(:horizon as text) as xid8) and type = any(:types)
    order by xid, seq
    limit :limit
    """
)


async def events_between(
    uow: UnitOfWork,
    place: tuple[int, int],
    until: int,
    types: Sequence[str],
    limit: int,
) -> tuple[Sequence[EventRow], bool]:
    """Events after `place` of transactions before `until`, in commit order, and whether there are
    more.

    A bare id as cursor would lose the events of transactions that commit late.
    """
    where = {"xid": str(place[0]), "seq": place[1], "horizon": str(until)}
    return await rows_within(uow, EventRow, _PAGE, limit, **where, types=list(types))


_SOME = text(
    f"select {_COLUMNS} from partner_events where workspace_id = :workspace_id and id = any(:ids)"
)


async def events_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> Sequence[EventRow]:
    return await uow.rows(EventRow, _SOME, ids=list(ids))


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    id: UUID
    type: str
    recorded_at: datetime


_RANGE = text(
    """
    select id, type, recorded_at from partner_events
    where workspace_id = :workspace_id
      and recorded_at >= :since and recorded_at < :until
      and (recorded_at, id) > (:after_at, :after_id) and type = any(:types)
      and (:include_quiet or quiet_batch_id is null)
      and (type <> :tracked or data ->> 'event' = any(:product_events))
    order by recorded_at, id
    limit :limit
    """
).bindparams(tracked=TRACKED)


async def events_recorded(
    uow: UnitOfWork,
    since: datetime,
    until: datetime,
    after: tuple[datetime, UUID],
    types: Sequence[str],
    product_events: Sequence[str],
    limit: int,
    *,
    include_quiet: bool,
) -> Sequence[RecordedEvent]:
    """What came to the feed in a span of machine time."""
    where = {
        "product_events": list(product_events),
        "since": since,
        "until": until,
        "after_at": after[0],
        "after_id": after[1],
        "limit": limit,
        "include_quiet": include_quiet,
    }
    return await uow.rows(RecordedEvent, _RANGE, **where, types=list(types))


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


async def forget_events(scope: Transaction, days: int, limit: int) -> int:
    """Of all workspaces; each remembers how far its feed was forgotten."""
    return await scope.one_value(int, _FORGET, days=days, limit=limit)
