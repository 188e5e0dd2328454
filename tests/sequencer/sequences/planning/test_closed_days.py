"""No mail leaves on a day that the workspace calls closed, unless its sequence says so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.calendar_definition import CalendarDefinition, ClosedDay, WorkingHours
from shared.events.accounts import CalendarChanged
from shared.ids import new_id
from tests.sequencer.renewals import Renewals

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def calendar(*closed: str, version: int) -> CalendarChanged:
    hours = [WorkingHours(start="09:00", end="17:00")]
    return CalendarChanged(
        id=CALENDAR,
        key="default",
        title="Working days",
        time_zone=None,
        default=True,
        definition=CalendarDefinition(
            working_hours=dict.fromkeys(WEEK, hours),
            country=None,
            subdivision=None,
            closed_days=[ClosedDay(date=day, title="Closed") for day in closed],
            extra_working_days=[],
        ),
        deleted=False,
        version=version,
    )


CALENDAR = new_id()


async def due(renewals: Renewals, opportunity_id: Any) -> str | None:
    found = await renewals.enrollment(opportunity_id)
    at: str | None = found["next_due_at"]
    return at


@pytest.mark.parametrize("skips", [True, False])
async def test_a_planned_mail_moves_with_the_calendar_and_one_that_left_does_not(
    renewals: Renewals, *, skips: bool
) -> None:
    await renewals.furnish()
    await renewals.told(calendar(version=2))
    await renewals.sequence(90, 80, send_window={"skip_closed_days": skips})
    opportunity_id = await renewals.opportunity()
    assert len(renewals.sent()) == 1
    # The step of 80 days before is due on Thursday, 12 March.
    assert await due(renewals, opportunity_id) == "2026-03-12T09:00:00Z"
    await renewals.told(calendar("2026-03-02", "2026-03-12", "2026-03-13", version=3))
    day = "16" if skips else "12"
    assert await due(renewals, opportunity_id) == f"2026-03-{day}T09:00:00Z"
    await renewals.told(calendar("2026-03-02", version=2))
    assert await due(renewals, opportunity_id) == f"2026-03-{day}T09:00:00Z", "it is older"
    await renewals.tenure.set_clock(renewals.ws, datetime(2026, 3, 13, 10, tzinfo=UTC))
    assert len(renewals.sent()) == (1 if skips else 2)
    # Heard of in the last moment, it still keeps what has not left.
    await renewals.told(calendar("2026-03-16", version=4))
    await renewals.tenure.set_clock(renewals.ws, datetime(2026, 3, 17, 10, tzinfo=UTC))
    assert len(renewals.sent()) == 2
