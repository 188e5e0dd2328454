from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.event_counts.rules import Bucket
from shared.uow import UnitOfWork

_COUNT = text(
    """
    insert into product_event_days as d (workspace_id, account_id, name, day, contact_id, count)
    select :workspace_id, b.account_id, b.name, b.day, b.contact_id, b.count
    from jsonb_to_recordset(cast(:buckets as jsonb))
           as b(account_id uuid, name text, day date, contact_id uuid, count bigint)
    on conflict (workspace_id, account_id, name, day, contact_id)
    do update set count = d.count + excluded.count
    """
)


async def count(uow: UnitOfWork, sums: Sequence[tuple[Bucket, int]]) -> None:
    rows = [
        {
            "account_id": one.account_id,
            "name": one.name,
            "day": one.day,
            "contact_id": one.contact_id,
            "count": by,
        }
        for one, by in sums
    ]
    await uow.run(_COUNT, buckets=to_json(rows).decode())


_COUNT_VALUES = text(
    """
    insert into product_event_values as v
        (workspace_id, account_id, name, day, contact_id, digest, properties, count)
    select :workspace_id, b.account_id, b.name, b.day, b.contact_id,
           cast(md5(cast(b.properties as text)) as uuid), b.properties, b.count
    from jsonb_to_recordset(cast(:buckets as jsonb))
           as b(account_id uuid, name text, day date, contact_id uuid, properties jsonb,
                count bigint)
    order by b.account_id, b.name, b.day, b.contact_id, 6
    on conflict (workspace_id, account_id, name, day, contact_id, digest)
    do update set count = v.count + excluded.count
    """
)


async def count_values(
    uow: UnitOfWork, sums: Sequence[tuple[Bucket, Mapping[str, Any], int]]
) -> None:
    rows = [
        {
            "account_id": one.account_id,
            "name": one.name,
            "day": one.day,
            "contact_id": one.contact_id,
            "properties": properties,
            "count": by,
        }
        for one, properties, by in sums
    ]
    if rows:
        await uow.run(_COUNT_VALUES, buckets=to_json(rows).decode())


def _hand_over(column: str) -> str:
    others = "account_id" if column == "contact_id" else "contact_id"
    return f"""
        with gone as (
            delete from product_event_days
            where workspace_id = :workspace_id and {column} = :loser
            returning {others}, name, day, count
        )
        insert into product_event_days as d
            (workspace_id, {column}, {others}, name, day, count)
        select :workspace_id, :winner, {others}, name, day, count from gone
        order by {others}, name, day
        on conflict (workspace_id, account_id, name, day, contact_id)
        do update set count = d.count + excluded.count
        returning name
    """


def _hand_over_values(column: str) -> str:
    others = "account_id" if column == "contact_id" else "contact_id"
    return f"""
        with gone as (
            delete from product_event_values
            where workspace_id = :workspace_id and {column} = :loser
            returning {others}, name, day, digest, properties, count
        )
        insert into product_event_values as v
            (workspace_id, {column}, {others}, name, day, digest, properties, count)
        select :workspace_id, :winner, {others}, name, day, digest, properties, count from gone
        order by {others}, name, day, digest
        on conflict (workspace_id, account_id, name, day, contact_id, digest)
        do update set count = v.count + excluded.count
    """


_COLUMNS = ("account_id", "contact_id")
_HAND_OVER = {column: text(_hand_over(column)) for column in _COLUMNS}
_HAND_OVER_VALUES = {column: text(_hand_over_values(column)) for column in _COLUMNS}


async def hand_over(uow: UnitOfWork, column: str, loser: UUID, winner: UUID) -> frozenset[str]:
    """Count for `winner` what counted for `loser`; the names of those events."""
    await uow.run(_HAND_OVER_VALUES[column], loser=loser, winner=winner)
    return frozenset(await uow.values(str, _HAND_OVER[column], loser=loser, winner=winner))
