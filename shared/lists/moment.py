"""When a rule is evaluated: now, in the workspace's clock, zone and calendar."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text

from shared.calendars import calendar_of
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork

TIMELESS: Final = EvaluationContext(datetime.fromtimestamp(0, UTC), ZoneInfo("UTC"))
"""For a rule that asks nothing of the moment."""

_MONTH = text(
    """
    select coalesce((settings ->> 'fiscal_year_start_month')::int, 1)
    from workspaces where workspace_id = :workspace_id
    """
)


async def evaluation_context(uow: UnitOfWork) -> EvaluationContext:
    """Of the workspace as this service knows it."""
    zone = await uow.zone()
    return EvaluationContext(
        await uow.now(),
        zone,
        await uow.value(int, _MONTH) or 1,
        await calendar_of(uow, None, zone),
    )
