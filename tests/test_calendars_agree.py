"""What a business day is, is one answer: rules, formulas, tasks, send windows and the API give the
same for whatever calendar, zone and clock change. And a calendar that changes moves what has not
come yet, and nothing else.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from accounts_api.language.formulas.functions import FUNCTIONS
from sequencer.mail.send_windows.rules import Window
from sequencer.mail.send_windows.rules import next_opening as next_mail
from shared.business_time import BusinessCalendar, add_business_days, next_opening
from shared.rules.syntax.nodes import Span, Unit
from shared.rules.types.context import Day, EvaluationContext
from tasks_api.work.tasks.rules import due_instant
from tests.harness import Tenure, Workspace
from tests.shared.making import calendars

instants = st.datetimes(datetime(2026, 2, 15), datetime(2026, 4, 20), timezones=st.just(UTC))  # noqa: DTZ001


@given(calendars(), instants, st.integers(-20, 20))
def test_all_ways_to_count_business_days_agree(
    calendar: BusinessCalendar, now: datetime, count: int
) -> None:
    today = now.astimezone(calendar.zone).date()
    context = EvaluationContext(now, calendar.zone, calendar=calendar)
    by_rule = context.resolve(Day(Span(count, Unit.BUSINESS_DAYS)))
    add, between = FUNCTIONS["add_business_days"], FUNCTIONS["business_days_between"]
    by_formula = add.work(context, today, Decimal(count))
    assert by_rule == by_formula == calendar.business_day_after(today, count)
    assert between.work(context, today, by_rule) == count
    assume(count > 0)
    # A task counts from the next opening: on a day that is worked that is the day itself.
    opened = next_opening(now, calendar)
    first = opened.astimezone(calendar.zone).date()
    due = due_instant({"business_days": count}, now, calendar)
    assert due == add_business_days(now, count, calendar)
    spans = calendar.spans(calendar.business_day_after(first, count) or date.max)
    assume(spans)
    assert spans[0][0] <= due <= spans[-1][1]


@given(calendars(), instants, st.sampled_from(["Asia/Tokyo", "America/New_York", "UTC"]))
def test_a_mail_leaves_on_the_customers_next_day_that_is_a_business_day_of_ours(
    calendar: BusinessCalendar, now: datetime, zone: str
) -> None:
    window = Window(weekdays=frozenset(range(1, 8)), calendar=calendar)
    at = next_mail(window, ZoneInfo(zone), now)
    if at is None:
        return  # shut for two months
    day, start = at.astimezone(ZoneInfo(zone)).date(), now.astimezone(ZoneInfo(zone)).date()
    assert calendar.is_business_day(day)
    passed = calendar.business_days_between(start, day) - (day > start)
    assert passed == 0, "no business day lies between"


MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOLIDAY = {"date": "2026-03-04", "title": "Founders' day"}


async def task(ws: Workspace, **given: Any) -> dict[str, Any]:
    answer = await ws.admin.post("/v1/tasks", {"title": "Call Ana", **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def close(tenure: Tenure, ws: Workspace, *days: dict[str, str], key: str = "default") -> None:
    answer = await ws.admin.patch(f"/v1/calendars/{key}", {"closed_days": list(days)})
    assert answer.status_code == 200, answer.text
    await tenure.settle()


async def due_of(ws: Workspace, made: dict[str, Any]) -> str:
    due: str = (await ws.admin.get(f"/v1/tasks/{made['id']}")).json()["due_at"]
    return due


async def test_a_new_holiday_moves_what_is_counted_and_not_due_yet_and_nothing_else(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=MONDAY)
    soon, later = await task(ws, due_business_days=1), await task(ws, due_business_days=3)
    by_hand = await task(ws, due_at="2026-03-05T09:00:00Z")
    done = await task(ws, due_business_days=3)
    await ws.admin.post(f"/v1/tasks/{done['id']}/complete")
    await close(tenure, ws, HOLIDAY)
    assert await due_of(ws, soon) == "2026-03-03T09:00:00Z"
    assert await due_of(ws, later) == "2026-03-06T09:00:00Z"
    assert await due_of(ws, by_hand) == "2026-03-05T09:00:00Z"
    assert await due_of(ws, done) == "2026-03-05T09:00:00Z"
    moved = (await ws.admin.get(f"/v1/tasks/{later['id']}")).json()
    added = await ws.admin.post(
        "/v1/calendars/default/add",
        {"from": later["authored_at"], "amount": 3, "unit": "business_days"},
    )
    assert added.json()["at"] == moved["due_at"]
    await tenure.set_clock(ws, datetime(2026, 3, 3, 10, tzinfo=UTC))
    breached = (await ws.admin.get(f"/v1/tasks/{soon['id']}")).json()["breached_at"]
    await close(tenure, ws, HOLIDAY, {"date": "2026-03-03", "title": "Too late"})
    assert await due_of(ws, soon) == "2026-03-03T09:00:00Z", "it was due already"
    assert breached is not None
    await tenure.set_clock(ws, datetime(2026, 3, 6, 10, tzinfo=UTC))
    await close(tenure, ws)
    assert await due_of(ws, later) == "2026-03-09T09:00:00Z", "nothing moves into the past"


async def test_a_task_keeps_the_calendar_of_whom_it_was_counted_for(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=MONDAY)
    nights = {"start": "20:00", "end": "24:00"}
    body = {"title": "Nights", "working_hours": {"monday": [nights], "wednesday": [nights]}}
    assert (await ws.admin.post("/v1/calendars", body)).status_code == 201
    member = ws.details["observer_id"]
    given = {"calendar_id": "nights"}
    assert (await ws.admin.patch(f"/v1/members/{member}", given)).status_code == 200
    await tenure.settle()
    made = await task(ws, due_business_days=1, assignee_id=member)
    assert made["due_at"] == "2026-03-04T20:00:00Z"
    other = {"assignee_id": ws.details["admin_id"]}
    await ws.admin.post(f"/v1/tasks/{made['id']}/reassign", other)
    await close(tenure, ws, HOLIDAY)
    assert await due_of(ws, made) == "2026-03-04T20:00:00Z", "it is not the workspace's day"
    await close(tenure, ws, HOLIDAY, key="nights")
    assert await due_of(ws, made) == "2026-03-09T20:00:00Z"
    zone = {"time_zone": "America/New_York"}
    await ws.admin.patch(f"/v1/members/{member}", zone)
    await tenure.settle()
    assert await due_of(ws, made) == "2026-03-10T00:00:00Z"
