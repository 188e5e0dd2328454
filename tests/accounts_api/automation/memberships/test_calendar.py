"""What a day is belongs to the workspace, and rules follow when it is changed."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.automation.segments.making import made, members, segment
from tests.harness import Tenure, Workspace

HOURS = [{"start": "09:00", "end": "17:00"}]
FRIDAY = datetime(2026, 3, 6, 3, 30, tzinfo=UTC)
"""In New York it is still Thursday, 22:30."""


async def deal(ws: Workspace, day: str) -> str:
    body = {"name": day, "type": "renewal", "contract_expiration": day}
    return str((await made(ws, "/v1/opportunities", body))["id"])


async def change(tenure: Tenure, ws: Workspace, **changes: Any) -> None:
    answer = await ws.admin.patch("/v1/workspace", changes)
    assert answer.status_code == 200, answer.text
    await tenure.settle()


async def redefine(tenure: Tenure, ws: Workspace, **changes: Any) -> None:
    answer = await ws.admin.patch("/v1/calendars/default", changes)
    assert answer.status_code == 200, answer.text
    await tenure.settle()


async def test_rules_follow_the_zone_the_fiscal_year_and_the_calendar(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=FRIDAY)
    thursday, friday = await deal(ws, "2026-03-05"), await deal(ws, "2026-03-06")
    monday, tuesday = await deal(ws, "2026-03-09"), await deal(ws, "2026-03-10")
    wednesday, thirteenth = await deal(ws, "2026-03-11"), await deal(ws, "2026-03-13")
    april = await deal(ws, "2026-04-20")
    gone = await segment(ws, "expiration is past", "opportunity")
    soon = await segment(ws, "expiration within next 2 business days", "opportunity")
    quarter = await segment(ws, "expiration in next fiscal quarter", "opportunity")
    await tenure.settle()
    assert await members(ws, gone) == {thursday}
    assert await members(ws, soon) == {friday, monday, tuesday}
    assert await members(ws, quarter) == {april}

    await redefine(tenure, ws, closed_days=[{"date": "2026-03-09", "title": "Strike"}])
    assert await members(ws, soon) == {friday, monday, tuesday, wednesday}
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"))
    await redefine(tenure, ws, closed_days=[], working_hours={**week, "sunday": HOURS})
    assert await members(ws, soon) == {friday, monday, tuesday, wednesday, thirteenth}
    usual = {"title": "Usual days", "default": True}
    assert (await ws.admin.post("/v1/calendars", usual)).status_code == 201
    await change(tenure, ws, settings={"fiscal_year_start_month": 3})
    assert await members(ws, soon) == {friday, monday, tuesday}
    assert await members(ws, quarter) == set()
    await change(tenure, ws, time_zone="America/New_York")
    assert await members(ws, gone) == set()
    assert await members(ws, soon) == {thursday, friday, monday}
    # What was worked out for the old zone is not what moves records now.
    await tenure.set_clock(ws, datetime(2026, 3, 6, 4, 59, tzinfo=UTC))
    assert await members(ws, gone) == set()
    await tenure.set_clock(ws, datetime(2026, 3, 6, 5, 0, tzinfo=UTC))
    assert await members(ws, gone) == {thursday}
