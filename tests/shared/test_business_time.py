"""One arithmetic of business time: the ways to ask it agree, whatever calendar, zone and clock
change they meet.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.business_time import (
    BusinessCalendar,
    Hours,
    TimeUnit,
    add_business_days,
    add_business_time,
    add_time,
    at_wall_time,
    closed_between,
    next_opening,
    public_holidays,
)
from tests.shared.making import ZONES, calendar, calendars

BERLIN = calendar(zone="Europe/Berlin")
days = st.dates(date(2026, 2, 15), date(2026, 4, 20))
instants = st.datetimes(datetime(2026, 2, 15), datetime(2026, 4, 20), timezones=st.just(UTC))  # noqa: DTZ001
counts = st.integers(-30, 30)


@given(calendars(), days, counts)
def test_a_count_of_business_days_is_as_many_single_steps(
    calendar: BusinessCalendar, day: date, count: int
) -> None:
    stepped, left = day, abs(count)
    while left:
        stepped += timedelta(days=1 if count > 0 else -1)
        left -= calendar.is_business_day(stepped)
    assert calendar.business_day_after(day, count) == stepped
    assert calendar.business_days_between(day, stepped) == count


@given(calendars(), days, days)
def test_business_days_between_are_those_that_are_open(
    calendar: BusinessCalendar, first: date, last: date
) -> None:
    counted = calendar.business_days_between(min(first, last), max(first, last))
    span = range(min(first, last).toordinal() + 1, max(first, last).toordinal() + 1)
    assert counted == sum(calendar.is_business_day(date.fromordinal(each)) for each in span)
    closed = {day for day, *_ in closed_between(_noon(first), _noon(last), _in_utc(calendar))}
    assert closed == {
        date.fromordinal(each)
        for each in range(min(first, last).toordinal(), max(first, last).toordinal() + 1)
        if not calendar.is_business_day(date.fromordinal(each))
    }


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _in_utc(calendar: BusinessCalendar) -> BusinessCalendar:
    return BusinessCalendar(
        ZoneInfo("UTC"),
        calendar.week,
        calendar.country,
        calendar.subdivision,
        calendar.closed_days,
        calendar.extra_days,
    )


def is_open(calendar: BusinessCalendar, instant: datetime) -> bool:
    """Within its hours, or at the end of them."""
    day = instant.astimezone(calendar.zone).date()
    near = (day - timedelta(days=1), day)
    return any(
        opens <= instant <= closes for each in near for opens, closes in calendar.spans(each)
    )


@given(calendars(), instants, counts)
def test_business_days_of_an_instant_are_those_of_its_day(
    calendar: BusinessCalendar, instant: datetime, count: int
) -> None:
    due = add_business_days(instant, count, calendar)
    assert is_open(calendar, due)
    start = add_business_days(instant, 0, calendar) if count >= 0 else None
    if start is None or count == 0:
        return
    first = start.astimezone(calendar.zone).date()
    reached = calendar.business_day_after(first, count)
    assert reached is not None
    on_the_day = [instant for span in calendar.spans(reached) for instant in span]
    # A day whose only hours a clock change skips has none, and is counted all the same.
    assert not on_the_day or on_the_day[0] <= due <= on_the_day[-1]


@given(calendars(), instants, st.integers(0, 60 * 60))
def test_business_time_passes_while_it_is_open_alone_and_goes_back_as_it_came(
    calendar: BusinessCalendar, instant: datetime, minutes: int
) -> None:
    length = timedelta(minutes=minutes)
    due = add_business_time(instant, length, calendar)
    assert open_time(calendar, instant, due) == length
    if minutes:
        back = add_business_time(due, -length, calendar)
        assert open_time(calendar, back, due) == length
        assert open_time(calendar, min(back, instant), max(back, instant)) == timedelta()


def open_time(calendar: BusinessCalendar, since: datetime, until: datetime) -> timedelta:
    """Counted span by span over every day there is."""
    total, day = timedelta(), since.astimezone(calendar.zone).date() - timedelta(days=1)
    while day <= until.astimezone(calendar.zone).date():
        for opens, closes in calendar.spans(day):
            total += max(timedelta(), min(closes, until) - max(opens, since))
        day += timedelta(days=1)
    return total


@given(calendars(), instants, instants, st.integers(0, 20), st.sampled_from(["business_hours"]))
def test_who_begins_later_is_not_done_earlier(
    calendar: BusinessCalendar, one: datetime, other: datetime, amount: int, unit: TimeUnit
) -> None:
    first, last = sorted((one, other))
    assert add_time(first, amount, unit, calendar) <= add_time(last, amount, unit, calendar)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "reached"),
    [
        ("2026-03-06T17:30Z", 2, "business_days", "2026-03-11T08:00Z"),  # Friday evening
        ("2026-03-02T13:15Z", 1, "business_days", "2026-03-03T13:15Z"),
        ("2026-03-07T12:00Z", -1, "business_days", "2026-03-05T16:00Z"),  # from Friday's close
        ("2026-03-27T12:00Z", 1, "business_days", "2026-03-30T11:00Z"),  # over the clock change
        ("2026-03-28T12:00Z", 1, "days", "2026-03-29T11:00Z"),
        ("2026-03-28T12:00Z", 24, "hours", "2026-03-29T12:00Z"),
        ("2026-03-06T15:00Z", 2, "business_hours", "2026-03-09T09:00Z"),
        ("2026-03-06T15:00Z", 1, "business_hours", "2026-03-06T16:00Z"),  # exactly at the end
        ("2026-03-02T12:00Z", 2, "weeks", "2026-03-16T12:00Z"),
        ("2026-03-02T12:00Z", 90, "minutes", "2026-03-02T13:30Z"),
    ],
)
def test_a_length_of_time_leads_there(
    start: str, amount: int, unit: TimeUnit, reached: str
) -> None:
    at = add_time(datetime.fromisoformat(start), amount, unit, BERLIN)
    assert at == datetime.fromisoformat(reached)


def test_where_the_hour_is_not_worked_the_nearest_counts() -> None:
    morning, afternoon = Hours(time(9), time(12)), Hours(time(14), time(18))
    week = ((morning, afternoon),) * 4 + ((morning,), (), ())
    office = BusinessCalendar(ZoneInfo("UTC"), week)
    thursday = datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert add_business_days(thursday, 1, office) == datetime(2026, 3, 6, 12, tzinfo=UTC)
    lunch = datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert next_opening(lunch, office) == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_public_holidays_are_those_of_the_country_and_its_part_unless_a_day_is_worked() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany not in public_holidays("DE")
    assert public_holidays("DE", "BY")[epiphany] == "Epiphany"
    new_year = BusinessCalendar(ZoneInfo("UTC"), country="DE")
    assert new_year.closure(date(2026, 1, 1)) == ("public_holiday", "New Year's Day")
    worked = {date(2026, 1, 1): (Hours(time(10), time(11)),)}
    extra = BusinessCalendar(ZoneInfo("UTC"), country="DE", extra_days=worked)
    assert extra.spans(date(2026, 1, 1)) == [
        (datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 11, tzinfo=UTC))
    ]


def test_a_wall_time_that_the_clock_change_skips_is_taken_at_the_next_valid_instant() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    zone = ZoneInfo("Europe/Berlin")
    assert at_wall_time(spring, time(2, 30), zone) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert at_wall_time(autumn, time(2, 30), zone) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.sampled_from(ZONES), st.integers(-400_000, 400_000))
def test_beyond_the_years_of_dates_there_is_nothing(zone: str, count: int) -> None:
    far = BusinessCalendar(ZoneInfo(zone), country="US").business_day_after(date(9999, 1, 4), count)
    assert (
        far is None or (far.weekday() < 5 and (far > date(9999, 1, 4)) == (count > 0)) or not count
    )
