"""Days, periods and midnights of a workspace, and when a moving bound reaches a date."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.interpreter.evaluate import CountedEvents, Snapshot, matches
from shared.rules.syntax.nodes import Span, Unit
from shared.rules.syntax.parser import read_text
from shared.rules.types.context import Day, EvaluationContext, Period
from shared.rules.types.type_check import check
from tests.shared.making import calendar
from tests.shared.rules.worlds import catalog

HOLIDAYS = frozenset({date(2026, 3, 6), date(2026, 12, 25)})


def context(day: date, zone: str = "UTC", start: int = 1) -> EvaluationContext:
    noon = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)) + timedelta(hours=12)
    return EvaluationContext(noon.astimezone(UTC), ZoneInfo(zone), start, calendar(*HOLIDAYS))


dates = st.dates(date(2023, 1, 1), date(2028, 12, 31))
spans = st.builds(
    Span, st.integers(-30, 30), st.sampled_from([unit for unit in Unit if unit is not Unit.HOURS])
)
periods = st.builds(
    Period,
    st.sampled_from(["week", "month", "fiscal_quarter", "fiscal_year"]),
    st.integers(-1, 1),
    last_day=st.booleans(),
)
moving = st.builds(Day, spans | periods, st.integers(-1, 1))


@pytest.mark.parametrize(
    ("today", "span", "expected"),
    [
        (date(2026, 1, 31), Span(1, Unit.MONTHS), date(2026, 2, 28)),
        (date(2024, 2, 29), Span(1, Unit.YEARS), date(2025, 2, 28)),
        (date(2026, 3, 31), Span(-1, Unit.MONTHS), date(2026, 2, 28)),
        (date(2026, 3, 5), Span(1, Unit.BUSINESS_DAYS), date(2026, 3, 9)),  # 6 March is a holiday
        (date(2026, 3, 8), Span(-1, Unit.BUSINESS_DAYS), date(2026, 3, 5)),
        (date(2026, 3, 5), Span(0, Unit.BUSINESS_DAYS), date(2026, 3, 5)),
        (date(2026, 3, 5), Span(36_600, Unit.YEARS), date.max),
        (date(2026, 3, 5), Span(-36_600, Unit.MONTHS), date.min),
    ],
)
def test_today_moves_by_a_length_of_time(today: date, span: Span, expected: date) -> None:
    assert context(today).resolve(Day(span)) == expected


@pytest.mark.parametrize(
    ("today", "start", "period", "first", "last"),
    [
        (date(2026, 3, 5), 1, "fiscal_quarter", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 3, 5), 2, "fiscal_quarter", date(2026, 2, 1), date(2026, 4, 30)),
        (date(2026, 1, 5), 2, "fiscal_quarter", date(2025, 11, 1), date(2026, 1, 31)),
        (date(2026, 1, 5), 2, "fiscal_year", date(2025, 2, 1), date(2026, 1, 31)),
        (date(2026, 3, 5), 1, "week", date(2026, 3, 2), date(2026, 3, 8)),
        (date(2024, 2, 29), 1, "month", date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_periods_follow_the_fiscal_calendar(
    today: date, start: int, period: str, first: date, last: date
) -> None:
    at = context(today, start=start)
    assert at.resolve(Day(Period(period, 0, last_day=False))) == first
    assert at.resolve(Day(Period(period, 0, last_day=True))) == last
    after = at.resolve(Day(Period(period, 1, last_day=False)))
    assert after == last + timedelta(days=1)
    assert at.resolve(Day(Period(period, -1, last_day=True))) == first - timedelta(days=1)


@settings(deadline=None)
@given(dates, moving, st.integers(1, 12))
def test_a_moving_day_never_goes_back(today: date, day: Day, start: int) -> None:
    found = [context(today + timedelta(days=n), start=start).resolve(day) for n in range(40)]
    assert found == sorted(found)


@settings(deadline=None)
@given(dates, moving, st.integers(-200, 500), st.integers(1, 12))
def test_a_bound_reaches_a_date_on_the_day_it_says(
    today: date, day: Day, ahead: int, start: int
) -> None:
    at, target = context(today, start=start), today + timedelta(days=ahead)
    reached = at.reaches(day, target)
    if reached is None:
        assert at.resolve(day) >= target
        return
    assert at.resolve(day) < target
    assert today < reached
    before = context(reached - timedelta(days=1), start=start)
    assert before.resolve(day) < target
    if at.fixed_shift(day) is not None or (reached - today).days <= 400:
        assert context(reached, start=start).resolve(day) >= target


@pytest.mark.parametrize(
    ("day", "today", "following"),
    [
        (date(2023, 4, 1), date(2026, 3, 5), date(2026, 4, 1)),
        (date(2023, 3, 5), date(2026, 3, 5), date(2026, 3, 5)),
        (date(2023, 3, 4), date(2026, 3, 5), date(2027, 3, 4)),
        (date(2026, 3, 5), date(2026, 3, 5), date(2027, 3, 5)),
        (date(2026, 6, 1), date(2026, 3, 5), date(2027, 6, 1)),
        (date(2024, 2, 29), date(2026, 2, 1), date(2026, 2, 28)),
        (date(2024, 2, 29), date(2028, 2, 28), date(2028, 2, 29)),
        (date(2024, 2, 29), date(2027, 3, 1), date(2028, 2, 29)),
        (date(9999, 1, 1), date(2026, 3, 5), None),
    ],
)
def test_an_anniversary_is_a_year_or_more_after_the_day(
    day: date, today: date, following: date | None
) -> None:
    assert context(today).anniversary(day) == following


@pytest.mark.parametrize(
    ("zone", "day", "starts"),
    [
        ("America/New_York", date(2026, 3, 8), "2026-03-08T05:00:00+00:00"),
        ("America/New_York", date(2026, 3, 9), "2026-03-09T04:00:00+00:00"),
        # clocks go from 01:00 back to 00:00: the day starts at the first of two midnights
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        # clocks go from 00:00 to 01:00: there is no midnight
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00"),
    ],
)
def test_a_day_starts_once(zone: str, day: date, starts: str) -> None:
    at = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone))
    start = at.day_start(day)
    assert start.isoformat() == starts
    assert at.local_day(start) == day
    assert at.local_day(start - timedelta(microseconds=1)) == day - timedelta(days=1)


@given(st.integers(1, 400), st.integers(-420, 420))
def test_within_last_days_covers_the_same_days_for_dates_and_events(days: int, away: int) -> None:
    """And for instants, and for changes."""
    context = EvaluationContext(datetime(2026, 3, 5, 3, 30, tzinfo=UTC), ZoneInfo("America/Lima"))
    day = context.today + timedelta(days=away)
    instant = context.day_start(day)
    record = Snapshot(
        "a",
        {"created_at": instant},
        {"go_live": day.isoformat()},
        changes={"name": [instant]},
        events={"login": [CountedEvents(day, 1)]},
    )
    verdicts = {
        matches(check(read_text(rule), catalog(), "account"), record, context)
        for rule in (
            f"traits.go_live within last {days} days",
            f"created_at within last {days} days",
            f"name changed within {days} days",
            f'count(events "login" within {days} days) = 1',
            f'count(active days "login" within {days} days) = 1',
        )
    }
    assert verdicts == {-days <= away <= 0}
