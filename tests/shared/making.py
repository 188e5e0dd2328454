"""Calendars for tests."""

from collections.abc import Iterable
from datetime import date, time
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shared.business_time import BusinessCalendar, Hours

ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC")
COUNTRIES = ((None, None), ("DE", None), ("DE", "BY"), ("US", None), ("IL", None), ("SA", None))


def calendar(
    *closed: date, weekdays: Iterable[int] = range(5), zone: str = "UTC", country: str | None = None
) -> BusinessCalendar:
    """Nine to five on these weekdays, but for the closed days."""
    hours = (Hours(time(9), time(17)),)
    working = set(weekdays)
    week = tuple(hours if day in working else () for day in range(7))
    return BusinessCalendar(
        ZoneInfo(zone), week, country=country, closed_days=dict.fromkeys(closed, "Closed")
    )


@st.composite
def hours_of_a_day(draw: st.DrawFn) -> tuple[Hours, ...]:
    """One to three stretches with breaks between them; the last may end at midnight."""
    count = draw(st.integers(1, 3))
    marks = draw(st.lists(st.integers(0, 96), min_size=2 * count, max_size=2 * count, unique=True))
    walls = [time(mark // 4 % 24, mark % 4 * 15) for mark in sorted(marks)]
    return tuple(Hours(*walls[at : at + 2]) for at in range(0, 2 * count, 2))


@st.composite
def calendars(draw: st.DrawFn, near: date = date(2026, 3, 20)) -> BusinessCalendar:
    """Any week, zone and country, with closed and extra days within two months of a day."""
    week = draw(
        st.lists(st.just(()) | hours_of_a_day(), min_size=7, max_size=7).filter(any).map(tuple)
    )
    days = st.integers(near.toordinal() - 60, near.toordinal() + 60).map(date.fromordinal)
    closed = draw(st.sets(days, max_size=12))
    extra = draw(st.dictionaries(days, hours_of_a_day(), max_size=6))
    country, subdivision = draw(st.sampled_from(COUNTRIES))
    return BusinessCalendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        week=week,
        country=country,
        subdivision=subdivision,
        closed_days={day: "Closed" for day in closed if day not in extra},
        extra_days=extra,
    )
