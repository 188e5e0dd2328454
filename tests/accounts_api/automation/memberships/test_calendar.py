"""What a day is belongs to the workspace, and rules follow when it is changed."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.automation.segments.making import made, members, segment
from tests.harness import Tenure, Workspace

FRIDAY = datetime(2026, 3, 6, 3, 30, tzinfo=UTC)
"""In New York it is still Thursday, 22:30."""


async def deal(ws: Workspace, day: str) -> str:
    body = {"name": day, "type": "renewal", "contract_expiration": day}
    return str((await made(ws, "/v1/opportunities", body))["id"])


async def change(tenure: Tenure, ws: Workspace, **changes: Any) -> None:
    answer = await ws.admin.patch("/v1/workspace", changes)
    assert answer.status_code == 200, answer.text
    await tenure.settle()


async def test_rules_follow_the_zone_the_fiscal_year_and_the_holidays(tenure: Tenure) -> None:
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

    await change(tenure, ws, settings={"holidays": ["2026-03-09"]})
    assert await members(ws, soon) == {friday, monday, tuesday, wednesday}
    await change(tenure, ws, settings={"holidays": [], "working_days": ["friday", "sunday"]})
    assert await members(ws, soon) == {friday, monday, tuesday, wednesday, thirteenth}
    await change(tenure, ws, settings={"working_days": None, "fiscal_year_start_month": 3})
    assert await members(ws, quarter) == set()
    await change(tenure, ws, time_zone="America/New_York")
    assert await members(ws, gone) == set()
    assert await members(ws, soon) == {thursday, friday, monday}
    # What was worked out for the old zone is not what moves records now.
    await tenure.set_clock(ws, datetime(2026, 3, 6, 4, 59, tzinfo=UTC))
    assert await members(ws, gone) == set()
    await tenure.set_clock(ws, datetime(2026, 3, 6, 5, 0, tzinfo=UTC))
    assert await members(ws, gone) == {thursday}


async def test_a_calendar_is_checked_and_shown_as_it_counts(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    settings = {"holidays": ["2026-12-25", "2026-01-01", "2026-12-25"], "working_days": ["sunday"]}
    answer = await ws.admin.patch("/v1/workspace", {"settings": settings})
    shown = answer.json()["settings"]
    assert shown["holidays"] == ["2026-01-01", "2026-12-25"]
    assert shown["working_days"] == ["sunday"]
    refused: tuple[dict[str, Any], ...] = (
        {"holidays": ["2026-02-30"]},
        {"holidays": ["Christmas"]},
        {"working_days": []},
        {"working_days": ["caturday"]},
        {"fiscal_year_start_month": 13},
    )
    for bad in refused:
        assert (await ws.admin.patch("/v1/workspace", {"settings": bad})).status_code == 422
    answer = await ws.admin.patch("/v1/workspace", {"settings": {"working_days": None}})
    assert answer.json()["settings"]["working_days"][-1] == "friday"
