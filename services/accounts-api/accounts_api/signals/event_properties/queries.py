from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.event_counts.rules import Declared
from shared.data import Transaction
from shared.traits.definitions import TraitType
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class EventProperty:
    id: UUID
    key: str
    name: str
    type: TraitType
    events: list[str]
    description: str
    filled_to: UUID | None
    filled_at: datetime | None
    reliable_from: date | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def declared(self) -> Declared:
        return Declared(self.key, self.name, self.type)


_COLUMNS: Final = (
    "id, key, name, type, events, description, filled_to, filled_at, reliable_from, version,"
    " created_at, updated_at"
)
_OWN: Final = f"select {_COLUMNS} from product_event_properties where workspace_id = :workspace_id"
_ADD: Final = text(
    f"""
    insert into product_event_properties (workspace_id, id, key, name, type, events, description)
    values (:workspace_id, :id, :key, :name, :type, :events, :description) returning {_COLUMNS}
    """
)
_CHANGE: Final = text(
    f"""
    update product_event_properties
    set events = :events, description = :description, version = version + 1,
        updated_at = clock_timestamp(),
        filled_to = case when :refill then null else filled_to end,
        filled_at = case when :refill then null else filled_at end,
        reliable_from = case when :refill then null else reliable_from end
    where workspace_id = :workspace_id and id = :id returning {_COLUMNS}
    """
)
_DELETE = text(
    "delete from product_event_properties where workspace_id = :workspace_id and id = :id"
)
_ONE = text(f"{_OWN} and id = :id")
_LOCKED = text(f"{_OWN} and id = :id for update")
_ALL = text(f"{_OWN} order by key")


async def add(uow: UnitOfWork, fields: Mapping[str, Any]) -> EventProperty:
    return await uow.one(EventProperty, _ADD, **fields)


async def change(
    uow: UnitOfWork, property_id: UUID, events: Sequence[str], description: str, *, refill: bool
) -> EventProperty:
    given = {"events": list(events), "description": description, "refill": refill}
    return await uow.one(EventProperty, _CHANGE, id=property_id, **given)


async def delete(uow: UnitOfWork, property_id: UUID) -> None:
    await uow.run(_DELETE, id=property_id)


async def property_by_id(
    uow: UnitOfWork, property_id: UUID, *, lock: bool = False
) -> EventProperty | None:
    return await uow.row(EventProperty, _LOCKED if lock else _ONE, id=property_id)


async def all_properties(uow: UnitOfWork) -> list[EventProperty]:
    """A workspace has few."""
    return await uow.rows(EventProperty, _ALL)


_UNFILLED_WORKSPACES = text(
    "select distinct workspace_id from product_event_properties where filled_at is null"
)
_UNFILLED = text(
    f"{_OWN} and filled_at is null order by created_at, id limit 1 for update skip locked"
)


async def workspaces_to_fill(scope: Transaction) -> list[UUID]:
    return await scope.values(UUID, _UNFILLED_WORKSPACES)


async def next_unfilled(uow: UnitOfWork) -> EventProperty | None:
    return await uow.row(EventProperty, _UNFILLED)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Owned by whoever the record was merged into."""

    id: UUID
    received_at: datetime
    name: str
    contact_id: UUID | None
    account_id: UUID | None
    properties: Mapping[str, Any]
    counted_properties: Mapping[str, Any] | None
    counted_on: date


_EVENTS_AFTER = text(
    """
    select e.id, e.received_at, e.name, e.properties, e.counted_properties, e.counted_on,
           coalesce((select a.winner_id from record_aliases a
                     where a.workspace_id = :workspace_id and a.loser_id = e.contact_id),
                    e.contact_id) as contact_id,
           coalesce((select a.winner_id from record_aliases a
                     where a.workspace_id = :workspace_id and a.loser_id = e.account_id),
                    e.account_id) as account_id
    from product_events e
    where e.workspace_id = :workspace_id
      and (cast(:after as uuid) is null or e.id > :after)
    order by e.id limit :limit
    """
)
_RECOUNT = text(
    """
    update product_events e set counted_properties = c.counted_properties
    from jsonb_to_recordset(cast(:events as jsonb))
           as c(id uuid, received_at timestamptz, counted_properties jsonb)
    where e.workspace_id = :workspace_id and e.id = c.id and e.received_at = c.received_at
    """
)
_ADVANCE = text(
    """
    update product_event_properties
    set filled_to = coalesce(:filled_to, filled_to),
        reliable_from = least(reliable_from, cast(:first_day as date)),
        filled_at = case when :finished then clock_timestamp() end
    where workspace_id = :workspace_id and id = :id
    """
)


async def events_after(uow: UnitOfWork, after: UUID | None, limit: int) -> list[StoredEvent]:
    """Of any name: how long a step takes does not depend on how rare a name is."""
    return await uow.rows(StoredEvent, _EVENTS_AFTER, after=after, limit=limit)


async def recount(uow: UnitOfWork, events: Sequence[Mapping[str, Any]]) -> None:
    """Rows of id, received_at, counted_properties."""
    await uow.run(_RECOUNT, events=to_json(events).decode())


async def advance(
    uow: UnitOfWork,
    property_id: UUID,
    *,
    filled_to: UUID | None,
    first_day: date | None,
    finished: bool,
) -> None:
    await uow.run(
        _ADVANCE, id=property_id, filled_to=filled_to, first_day=first_day, finished=finished
    )
