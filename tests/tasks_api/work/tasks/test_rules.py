from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.business_time import (
    BusinessCalendar,
    add_business_days,
    at_wall_time,
    next_opening,
    public_holidays,
)
from tasks_api.work.tasks.rules import due_instant

BERLIN = BusinessCalendar(ZoneInfo("Europe/Berlin"))
ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC"]


def test_two_business_days_from_friday_evening_end_on_tuesday_morning_after_the_weekend() -> None:
    friday_evening = datetime(2026, 3, 6, 17, 30, tzinfo=UTC)
    due = due_instant({"business_days": 2}, friday_evening, BERLIN)
    assert due == datetime(2026, 3, 11, 8, 0, tzinfo=UTC)


def test_a_count_that_starts_in_opening_hours_keeps_the_hour() -> None:
    monday = datetime(2026, 3, 2, 13, 15, tzinfo=UTC)
    assert add_business_days(monday, 1, BERLIN) == datetime(2026, 3, 3, 13, 15, tzinfo=UTC)


def test_a_public_holiday_is_no_business_day() -> None:
    calendar = BusinessCalendar(ZoneInfo("Europe/Berlin"), country="DE")
    new_years_eve = datetime(2025, 12, 31, 12, 0, tzinfo=UTC)
    assert datetime(2026, 1, 1).date() in public_holidays("DE", 2026)  # noqa: DTZ001
    assert add_business_days(new_years_eve, 1, calendar).date() == datetime(2026, 1, 2).date()  # noqa: DTZ001


def test_a_wall_time_that_the_clock_change_skips_is_taken_at_the_next_valid_instant() -> None:
    spring = datetime(2026, 3, 29).date()  # noqa: DTZ001
    zone = ZoneInfo("Europe/Berlin")
    assert at_wall_time(spring, time(2, 30), zone) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_wall_time_that_occurs_twice_is_taken_the_first_time() -> None:
    autumn = datetime(2026, 10, 25).date()  # noqa: DTZ001
    zone = ZoneInfo("Europe/Berlin")
    assert at_wall_time(autumn, time(2, 30), zone) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 30),
    st.sampled_from(ZONES),
)
def test_a_due_instant_lies_in_opening_hours_and_never_before_the_start(
    start: datetime, days: int, zone: str
) -> None:
    calendar = BusinessCalendar(ZoneInfo(zone))
    due = add_business_days(start, days, calendar)
    local = due.astimezone(calendar.zone)
    assert due >= start - timedelta(seconds=1)
    assert calendar.is_business_day(local.date())
    assert next_opening(due, calendar) == due
