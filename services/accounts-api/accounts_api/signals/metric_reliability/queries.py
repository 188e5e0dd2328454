from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class FirstDay:
    name: str
    day: date


_FIRST_DAYS = text(
    """
    select name, (first_seen_at at time zone :zone)::date as day
    from product_event_names where workspace_id = :workspace_id
    """
)
_BEING_COUNTED = text(
    "select key from product_event_properties"
    " where workspace_id = :workspace_id and filled_at is null"
)


async def first_days(uow: UnitOfWork, zone: str) -> dict[str, date]:
    """By the name of a product event, the local day on which the first came."""
    rows = await uow.rows(FirstDay, _FIRST_DAYS, zone=zone)
    return {row.name: row.day for row in rows}


async def being_counted(uow: UnitOfWork) -> list[str]:
    """Declared properties by which older events are still being counted."""
    return await uow.values(str, _BEING_COUNTED)
