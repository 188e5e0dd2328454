"""When a rule is evaluated: now, in the workspace's clock, zone and calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from shared.business_time import BusinessCalendar
from shared.calendars import stored_calendar
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

TIMELESS: Final = EvaluationContext(datetime.fromtimestamp(0, UTC), ZoneInfo("UTC"))
"""For a rule that asks nothing of the moment."""


@dataclass(frozen=True, slots=True)
class _Settings:
    fiscal_year_start: int
    definition: str | None
    """Of the default calendar; None before the first was heard of."""
    time_zone: str | None


_SETTINGS = text(
    """
    select c.definition::text as definition, c.time_zone,
        coalesce((select (settings ->> 'fiscal_year_start_month')::int from workspaces
                  where workspace_id = :workspace_id), 1) as fiscal_year_start
    from (select) one
    left join calendars c on c.workspace_id = :workspace_id and c.is_default
    limit 1
    """
)


async def evaluation_context(uow: UnitOfWork) -> EvaluationContext:
    """Of the workspace as this service knows it."""
    now, zone = await uow.now(), await uow.zone()
    known = await uow.one(_Settings, _SETTINGS)
    calendar = BusinessCalendar(zone)
    if known.definition is not None:
        calendar = stored_calendar(known.definition, known.time_zone, zone)
    return EvaluationContext(now, zone, known.fiscal_year_start, calendar)
