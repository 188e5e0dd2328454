"""A publisher's side of its feed: events in commit order, none skipped.

A bare id cursor loses events whose transaction commits late. Readers take
`(xid, seq) > cursor and xid < pg_snapshot_xmin(pg_current_snapshot())`, so a row is handed out only
when no transaction that could sort before it is still open.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.data import Transaction
from shared.errors import BadRequest
from shared.events.base import Envelope
from shared.page_bytes import rows_within

MAX_PAGE = 1000
_CURSOR = re.compile(r"^(\d{1,20})\.(\d{1,19})$")

_PAGE = text(
    """
    select id, name, workspace_id, payload, cause, occurred_at, recorded_at,
           xid::text || '.' || seq::text as cursor, octet_length(payload::text) as size
    from events
    where (xid, seq) > (cast(:xid as xid8), :seq)
      and xid < pg_snapshot_xmin(pg_current_snapshot())
      and (:shards = 1 or mod(abs(hashtext(workspace_id::text)::bigint), :shards) = :shard)
    order by xid, seq
    limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class EventRow:
    id: UUID
    name: str
    workspace_id: UUID
    payload: dict[str, Any]
    cause: list[dict[str, Any]]
    occurred_at: datetime
    recorded_at: datetime
    cursor: str
    size: int


class FeedPage(BaseModel):
    data: list[Envelope]
    has_more: bool = False


def parse_cursor(cursor: str) -> tuple[int, int]:
    """(xid, seq) of a cursor; an empty cursor is the beginning. Raises `BadRequest`."""
    if not cursor:
        return 0, 0
    match = _CURSOR.match(cursor)
    if match is None:
        raise BadRequest("`after` is not a cursor of this feed.", reason="cursor")
    return int(match[1]), int(match[2])


async def events_after(
    scope: Transaction, cursor: str, limit: int, *, shard: int = 0, shards: int = 1
) -> FeedPage:
    """The next events of all workspaces (of one shard of them): for our own services."""
    xid, seq = parse_cursor(cursor)
    place = {"xid": xid, "seq": seq, "shard": shard, "shards": shards}
    rows, has_more = await rows_within(scope, EventRow, _PAGE, limit, **place)
    return FeedPage(
        data=[Envelope.model_validate(row, from_attributes=True) for row in rows], has_more=has_more
    )
