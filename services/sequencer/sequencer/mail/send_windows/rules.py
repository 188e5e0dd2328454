"""When a mail may leave, and when a day begins. Pure: production and simulation ask the same
functions.

Everything is decided in UTC instants; wall times are turned into instants at one place.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.business_time import BusinessCalendar, at_wall_time, public_holidays
from shared.values.countries import UnknownCountry, country_code

MARGIN = timedelta(seconds=60)
"""A hand-over takes up to this long, so none begins later than this before the contract ends."""
_LOOKAHEAD_DAYS = 60
_EARLIEST, _LATEST = date(1000, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """When a mail may go: wall times of the weekdays (1 is Monday). `end` 00:00 is midnight."""

    start: time = time(9)
    end: time = time(17)
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    country: str | None = None
    """ISO 3166 country whose public holidays are no days to write on."""
    calendar: BusinessCalendar | None = None
    """Its closed days are none, either."""

    def has(self, day: date) -> bool:
        if day.isoweekday() not in self.weekdays:
            return False
        if self.calendar is not None and not self.calendar.is_business_day(day):
            return False
        return self.country is None or day not in _holidays(self.country)


@lru_cache(maxsize=512)
def _holidays(country: str) -> Container[date]:
    try:
        return public_holidays(country_code(country))
    except UnknownCountry:  # stored before it would have been refused; the preview tells of it
        return ()


def reckonable(day: date) -> date:
    """A stored day may stand at the ends of the calendar, as the empty date of .NET does in the
    year 1, where no offset and no zone can be added. The nearest day that can be reckoned with is
    as long over, or as far away.
    """
    return min(max(day, _EARLIEST), _LATEST)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return at_wall_time(reckonable(day), time(0), zone)


def expiry(expiration: date, zones: Iterable[ZoneInfo]) -> datetime:
    """A contract is over when its expiration day begins, in the first zone where it does."""
    return min(start_of_day(expiration, zone) for zone in zones)


def send_deadline(expiration: date | None, zones: Iterable[ZoneInfo]) -> datetime | None:
    """Hand-overs begin before this instant or not at all; None without an expiration."""
    return None if expiration is None else expiry(expiration, zones) - MARGIN


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def next_opening(window: Window, zone: ZoneInfo, instant: datetime) -> datetime | None:
    """`instant` itself inside the window, else when it next opens; None: not in two months."""
    today = local_day(instant, zone)
    for ahead in range(-1, _LOOKAHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if not window.has(day):
            continue
        opens = at_wall_time(day, window.start, zone)
        end_day = day if window.end > window.start else day + timedelta(days=1)
        closes = at_wall_time(end_day, window.end, zone)
        if opens < closes and instant < closes:
            return max(opens, instant.astimezone(UTC))
    return None
