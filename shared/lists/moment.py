"""When a rule is evaluated: now, in the workspace's clock, zone and calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from pydantic_core import from_json
from sqlalchemy import text

from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIMELESS: Final = EvaluationContext(datetime.fromtimestamp(0, UTC), ZoneInfo("UTC"))
"""For a rule that asks nothing of the moment."""


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The working days and the holidays are JSON lists, empty where nothing was said."""

    month: int = 1
    """A fiscal year begins with it."""
    working_days: str = "[]"
    holidays: str = "[]"


_CALENDAR = text(
    """
    select coalesce((settings ->> 'fiscal_year_start_month')::int, 1) as month,
           coalesce(settings -> 'working_days', '[]')::text as working_days,
           coalesce(settings -> 'holidays', '[]')::text as holidays
    from workspaces where workspace_id = :workspace_id
    """
)


async def evaluation_context(uow: UnitOfWork) -> EvaluationContext:
    """Of the workspace as this service knows it."""
    calendar = await uow.row(_Calendar, _CALENDAR) or _Calendar()
    return EvaluationContext(
        await uow.now(),
        await uow.zone(),
        calendar.month,
        _holidays(calendar.holidays),
        _working_days(calendar.working_days),
    )


@lru_cache(maxsize=256)
def _holidays(document: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in from_json(document))


@lru_cache(maxsize=256)
def _working_days(document: str) -> frozenset[int]:
    """Monday to Friday where nothing was said."""
    return frozenset(_WEEK.index(day) for day in from_json(document)) or frozenset(range(5))
