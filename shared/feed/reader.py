"""A publisher's side of its feed: events in commit order, none skipped.

A bare id cursor loses events whose transaction commits late. Readers take
`(xid, seq) > cursor and xid < pg_snapshot_xmin(pg_current_snapshot())`, so a row is handed out only
when no transaction that could sort before it is still open.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import BadRequest
from shared.events.base import Envelope

MAX_PAGE = 1000
_CURSOR = re.compile(r"^(\d{1,20})\.(\d{1,19})$")

_PAGE = """
    select id, name, workspace_id, payload, cause, occurred_at, recorded_at,
           xid::text || '.' || seq::text as cursor
    from events
    where (xid, seq) > (cast(:xid as xid8), :seq)
      and xid < pg_snapshot_xmin(pg_current_snapshot())
      {narrower}
    order by xid, seq
    limit :limit
"""
_LANE = "and (:shards = 1 or mod(abs(hashtext(workspace_id::text)::bigint), :shards) = :shard)"
_ALL = text(_PAGE.format(narrower=_LANE))
_ONE = text(_PAGE.format(narrower="and workspace_id = :workspace_id"))
_END = text(
    "select coalesce((select xid::text || '.' || seq::text from events"
    " where xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid desc, seq desc limit 1), '')"
)


def parse_cursor(cursor: str) -> tuple[int, int]:
    """Raises `BadRequest`. An empty cursor is the beginning."""
    if not cursor:
        return 0, 0
    found = _CURSOR.match(cursor)
    if found is None:
        raise BadRequest("`after` is not a cursor of this feed.", reason="cursor")
    return int(found[1]), int(found[2])


async def events_after(
    session: AsyncSession, cursor: str, limit: int, *, shard: int = 0, shards: int = 1
) -> list[Envelope]:
    """The next events of all workspaces (of one lane of them): for our own services."""
    xid, seq = parse_cursor(cursor)
    rows = await session.execute(
        _ALL, {"xid": xid, "seq": seq, "limit": limit, "shard": shard, "shards": shards}
    )
    return [Envelope.model_validate(dict(row)) for row in rows.mappings()]


async def workspace_events_after(
    session: AsyncSession, workspace_id: UUID, cursor: str, limit: int
) -> list[Envelope]:
    xid, seq = parse_cursor(cursor)
    rows = await session.execute(
        _ONE, {"xid": xid, "seq": seq, "limit": limit, "workspace_id": workspace_id}
    )
    return [Envelope.model_validate(dict(row)) for row in rows.mappings()]


async def end_of_feed(session: AsyncSession) -> str:
    return str((await session.execute(_END)).scalar_one())


def next_cursor(events: Sequence[Envelope], before: str) -> str:
    return events[-1].cursor if events else before
