"""Events written in the transaction of the change they tell of."""

from collections.abc import Sequence

from pydantic_core import to_json
from sqlalchemy import text

from shared.data import Transaction
from shared.events.base import Cause, Event
from shared.ids import new_id

_STORE = text(
    """
    with stored as (
        insert into events (workspace_id, id, name, payload, cause, occurred_at)
        select cast(:workspace_id as uuid), e.id, e.name, e.payload, cast(:cause as jsonb),
               workspace_now(cast(:workspace_id as uuid))
        from jsonb_to_recordset(cast(:events as jsonb)) as e(id uuid, name text, payload jsonb)
        returning xid, seq
    )
    select xid::text || '.' || max(seq)::text from stored group by xid
    """
)


async def store_events(uow: Transaction, cause: Sequence[Cause], events: Sequence[Event]) -> str:
    """Of the workspace that the unit of work is of. The place of the last one in the feed."""
    rows = [
        {"id": str(new_id()), "name": event.name, "payload": event.model_dump(mode="json")}
        for event in events
    ]
    return await uow.one_value(
        str, _STORE, cause=to_json(list(cause)).decode(), events=to_json(rows).decode()
    )
