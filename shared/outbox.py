"""Events written in the transaction of the change they tell of."""

from collections.abc import Sequence

from pydantic_core import to_json
from sqlalchemy import text

from shared.data import Transaction
from shared.events.base import Cause, Event
from shared.ids import new_id

_STORE = text(
    """
    insert into events (workspace_id, id, name, payload, cause, occurred_at)
    select cast(:workspace_id as uuid), e.id, e.name, e.payload, cast(:cause as jsonb),
           workspace_now(cast(:workspace_id as uuid))
    from jsonb_to_recordset(cast(:events as jsonb)) as e(id uuid, name text, payload jsonb)
    """
)


async def store_events(uow: Transaction, cause: Sequence[Cause], events: Sequence[Event]) -> None:
    """Of the workspace that the unit of work is of."""
    rows = [
        {"id": str(new_id()), "name": event.name, "payload": event.model_dump(mode="json")}
        for event in events
    ]
    await uow.run(_STORE, cause=to_json(list(cause)).decode(), events=to_json(rows).decode())
