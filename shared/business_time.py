"""Business time: when a team is at work, and what "in two business days" means there.

Pure functions over a calendar. Wall times that a clock change skips are taken at the next valid
instant, wall times that occur twice at the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

_MAX_LOOKAHEAD = 366


@dataclass(frozen=True)
class BusinessCalendar:
    """Opening hours of every working weekday (0 is Monday) in one time zone."""

    zone: ZoneInfo
    opens: time = time(9)
    closes: time = time(17)
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    country: str | None = None
    """ISO 3166 country whose public holidays are closed."""
    closed_days: frozenset[date] = field(default_factory=frozenset)

    def is_business_day(self, day: date) -> bool:
        if day.weekday() not in self.weekdays or day in self.closed_days:
            return False
        return self.country is None or day not in public_holidays(self.country, day.year)


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def at_wall_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time: the first of two, the next valid one when it is skipped."""
    local = datetime.combine(day, at, tzinfo=zone)
    back = local.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) != local.replace(tzinfo=None):
        gap = (local.replace(fold=0).utcoffset() or timedelta()) - (
            local.replace(fold=1).utcoffset() or timedelta()
        )
        local = (local.replace(tzinfo=None) + abs(gap)).replace(tzinfo=zone)
    return local.astimezone(UTC)


def next_opening(instant: datetime, calendar: BusinessCalendar) -> datetime:
    """`instant` itself while open, else when it next opens. UTC."""
    day = instant.astimezone(calendar.zone).date()
    for ahead in range(_MAX_LOOKAHEAD):
        candidate = day + timedelta(days=ahead)
        if not calendar.is_business_day(candidate):
            continue
        opens = at_wall_time(candidate, calendar.opens, calendar.zone)
        closes = at_wall_time(candidate, calendar.closes, calendar.zone)
        if instant < closes:
            return max(opens, instant.astimezone(UTC))
    raise ValueError("This calendar has no business day within a year.")


def add_business_days(instant: datetime, days: int, calendar: BusinessCalendar) -> datetime:
    """The same wall time `days` business days after the next opening, UTC.

    Friday 18:00 plus two business days is Tuesday at the opening hour: the count starts on Monday.
    """
    start = next_opening(instant, calendar)
    local = start.astimezone(calendar.zone)
    day, left = local.date(), days
    while left > 0:
        day += timedelta(days=1)
        if calendar.is_business_day(day):
            left -= 1
    return at_wall_time(day, local.time().replace(fold=0), calendar.zone)


def calendar_of(settings: Mapping[str, Any], zone: ZoneInfo) -> BusinessCalendar:
    """The calendar that a workspace's settings describe: `business_hours {opens, closes, weekdays}`
    and `holidays_country`. What is missing is Monday to Friday, nine to five.
    """
    hours = settings.get("business_hours") or {}
    return BusinessCalendar(
        zone=zone,
        opens=time.fromisoformat(hours.get("opens", "09:00")),
        closes=time.fromisoformat(hours.get("closes", "17:00")),
        weekdays=frozenset(hours.get("weekdays", (0, 1, 2, 3, 4))),
        country=settings.get("holidays_country"),
    )
