from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.evaluation.event_readers.service import HELD
from shared.data import Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork

_FIRST_TIME = text(
    f"""
    with held as materialized (select {HELD})
    insert into product_event_messages (workspace_id, message_id)
    select :workspace_id, message_id
    from held, unnest(cast(:message_ids as text[])) as m(message_id) order by message_id
    on conflict (workspace_id, message_id) do nothing
    returning message_id, received_at
    """
)


@dataclass(frozen=True, slots=True)
class _Message:
    message_id: str
    received_at: datetime


async def first_time(uow: UnitOfWork, message_ids: Iterable[str]) -> dict[str, datetime]:
    """Those that were never sent before, and when they came; a transaction that has sent one just
    now is waited for. From here on nobody begins to read events who does not yet.
    """
    messages = await uow.rows(_Message, _FIRST_TIME, message_ids=sorted(message_ids))
    return {message.message_id: message.received_at for message in messages}


_BY_EMAIL = text(
    """
    select distinct on (email_key) email_key as key, id from contacts
    where workspace_id = :workspace_id and email_key = any(cast(:keys as text[]))
      and deleted_at is null
    order by email_key, id
    """
)
_ONLY_ACCOUNTS = text(
    """
    select l.contact_id as key, (array_agg(l.account_id))[1] as id
    from account_contacts l
    join accounts a on a.workspace_id = :workspace_id and a.id = l.account_id
     and a.deleted_at is null
    where l.workspace_id = :workspace_id and l.contact_id = any(cast(:keys as uuid[]))
    group by l.contact_id having count(*) = 1
    """
)


@dataclass(frozen=True, slots=True)
class _ByEmail:
    key: str
    id: UUID


async def contacts_by_email(
    uow: UnitOfWork, email_keys: Iterable[str]
) -> Mapping[str | None, UUID]:
    """Of several with one address, the one that was there first."""
    wanted = sorted(set(email_keys))
    rows = await uow.rows(_ByEmail, _BY_EMAIL, keys=wanted) if wanted else []
    return {row.key: row.id for row in rows}


@dataclass(frozen=True, slots=True)
class _OnlyAccount:
    key: UUID
    id: UUID


async def only_accounts(uow: UnitOfWork, contact_ids: Iterable[UUID]) -> Mapping[UUID | None, UUID]:
    """The account of each contact who belongs to exactly one."""
    wanted = sorted(set(contact_ids))
    rows = await uow.rows(_OnlyAccount, _ONLY_ACCOUNTS, keys=wanted) if wanted else []
    return {row.key: row.id for row in rows}


_ADD_EVENTS = text(
    """
    insert into product_events
        (workspace_id, id, message_id, name, user_id, anonymous_id, group_id, email, contact_id,
         account_id, properties, context, counted_properties, happened_at, counted_on,
         original_at, sent_at, received_at)
    select :workspace_id, e.id, e.message_id, e.name, e.user_id, e.anonymous_id, e.group_id,
           e.email, e.contact_id, e.account_id, e.properties, e.context, e.counted_properties,
           e.happened_at, e.counted_on, e.original_at, e.sent_at, :received_at
    from jsonb_to_recordset(cast(:events as jsonb)) as e(
        id uuid, message_id text, name text, user_id text, anonymous_id text, group_id text,
        email text, contact_id uuid, account_id uuid, properties jsonb, context jsonb,
        counted_properties jsonb, happened_at timestamptz, counted_on date,
        original_at timestamptz, sent_at timestamptz)
    """
)


async def add_events(
    uow: UnitOfWork,
    events: Sequence[Mapping[str, Any]],
    *,
    received_at: datetime,
) -> None:
    await uow.run(_ADD_EVENTS, events=to_json(events).decode(), received_at=received_at)


_WAIT = text(
    """
    insert into product_event_waiting (workspace_id, key, event_id, received_at, looked_again)
    select :workspace_id, w.key, w.event_id, w.received_at,
           :looked_again and w.received_at < clock_timestamp() - interval '10 seconds'
    from jsonb_to_recordset(cast(:waiting as jsonb))
           as w(key text, event_id uuid, received_at timestamptz)
    on conflict (workspace_id, key, event_id) do nothing
    """
)


async def let_wait(
    uow: UnitOfWork,
    waiting: Sequence[tuple[str, UUID, datetime]],
    *,
    looked_again: bool = False,
) -> None:
    """(key, event, when it was received)."""
    rows = [{"key": key, "event_id": id_, "received_at": at} for key, id_, at in waiting]
    await uow.run(_WAIT, waiting=to_json(rows).decode(), looked_again=looked_again)


ATTACHING: Final = "waiting_product_events"
_NOT_HELD: Final = not_held(ATTACHING, "w.workspace_id", "w.event_id::text")
_FRESH = text(
    f"""
    select distinct workspace_id from (
        select workspace_id from product_event_waiting w
        where not looked_again and received_at < clock_timestamp() - interval '10 seconds'
          and {_NOT_HELD}
        order by received_at limit :limit
    ) fresh
    """
)
_KEYS = text(
    f"""
    select distinct key from (
        select key from product_event_waiting w
        where workspace_id = :workspace_id and not looked_again
          and received_at < clock_timestamp() - interval '10 seconds' and {_NOT_HELD}
        order by received_at limit :limit
    ) fresh
    """
)


async def workspaces_with_waiting_events(scope: Transaction, limit: int) -> list[UUID]:
    return await scope.values(UUID, _FRESH, limit=limit)


async def waiting_keys(uow: UnitOfWork, limit: int) -> list[str]:
    return await uow.values(str, _KEYS, limit=limit)


@dataclass(frozen=True, slots=True)
class ArrivedEvent:
    """An event that waited for somebody who is there now."""

    id: UUID
    message_id: str
    name: str
    user_id: str | None
    email: str | None
    group_id: str | None
    contact_id: UUID | None
    account_id: UUID | None
    properties: Mapping[str, Any]
    happened_at: datetime
    counted_on: date
    counted_properties: Mapping[str, Any] | None
    received_at: datetime


_ARRIVED = text(
    f"""
    with held as materialized (select {HELD}), arrived as (
        delete from product_event_waiting w using held
        where w.workspace_id = :workspace_id and w.key = any(cast(:keys as text[]))
        returning w.event_id, w.received_at
    )
    select distinct on (e.id) e.id, e.message_id, e.name, e.user_id, e.email, e.group_id,
           e.contact_id, e.account_id, e.properties, e.happened_at, e.counted_on,
           e.counted_properties, e.received_at
    from arrived w
    join product_events e on e.workspace_id = :workspace_id and e.id = w.event_id
     and e.received_at = w.received_at
    order by e.id
    """
)
_ATTACH = text(
    """
    update product_events e set contact_id = o.contact_id, account_id = o.account_id
    from jsonb_to_recordset(cast(:owners as jsonb))
           as o(id uuid, received_at timestamptz, contact_id uuid, account_id uuid)
    where e.workspace_id = :workspace_id and e.id = o.id and e.received_at = o.received_at
    """
)


async def take_arrived(uow: UnitOfWork, keys: Iterable[str]) -> list[ArrivedEvent]:
    """The events that waited for any of these."""
    return await uow.rows(ArrivedEvent, _ARRIVED, keys=sorted(keys))


async def attach(uow: UnitOfWork, owners: Sequence[Mapping[str, Any]]) -> None:
    """Rows of id, received_at, contact_id, account_id."""
    await uow.run(_ATTACH, owners=to_json(owners).decode())


_FORGET = """
    delete from {table} where ctid = any(array(
        select ctid from {table}
        where received_at < clock_timestamp() - make_interval(days => :days) limit :limit))
    """


async def forget(scope: Transaction, table: str, *, days: int, limit: int) -> bool:
    """Remove some of the rows that are older; whether there may be more."""
    statement = text(_FORGET.format(table=table))
    return await scope.run(statement, days=days, limit=limit) >= limit


_MORE_PARTITIONS = text("select make_product_events_partitions(3)")


async def make_partitions(scope: Transaction) -> None:
    """For this month and the three after it."""
    await scope.run(_MORE_PARTITIONS)
