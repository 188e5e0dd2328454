"""Business time: when people are at work, and what "in two business days" means there. The only
arithmetic of calendars: rules, formulas, tasks, send windows and `/v1/calendars/{id}/add` ask it.

Pure functions over a calendar. Wall times that a clock change skips are taken at the next valid
instant, wall times that occur twice at the first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field
from pydantic_core import from_json
from typing_extensions import TypeAliasType

from shared.value_types import literals
from shared.values.plain import FIRST_DAY, LAST_DAY

Weekday = TypeAliasType(
    "Weekday",
    Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        Field(description="A day of the week."),
    ],
)
WEEKDAYS: Final[tuple[Weekday, ...]] = literals(Weekday)
TimeUnit = TypeAliasType(
    "TimeUnit",
    Annotated[
        Literal["minutes", "hours", "days", "weeks", "business_hours", "business_days"],
        Field(
            description="`minutes` and `hours` pass whatever the calendar says; `days` and `weeks`"
            " keep the wall time; `business_hours` and `business_days` count only those of the"
            " calendar."
        ),
    ],
)
Closure = Literal["not_worked", "public_holiday", "closed_day"]

_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of wall time. `end` 00:00 is the midnight that follows."""

    start: time
    end: time


_NINE_TO_FIVE: Final = (Hours(time(9), time(17)),)


@dataclass(frozen=True)
class BusinessCalendar:
    """Which days are business days, and their hours in one time zone."""

    zone: ZoneInfo
    week: tuple[tuple[Hours, ...], ...] = (_NINE_TO_FIVE,) * 5 + ((), ())
    """From Monday; a day without hours is not worked."""
    country: str | None = None
    """ISO 3166 country whose public holidays are closed."""
    subdivision: str | None = None
    closed_days: Mapping[date, str] = field(default_factory=dict, hash=False)
    """Each with what it is called."""
    extra_days: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict, hash=False)
    """Worked whatever else is said of them."""

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """Monday is 0."""
        return frozenset(day for day, hours in enumerate(self.week) if hours)

    @cached_property
    def holidays(self) -> Mapping[date, str]:
        if self.country is None:
            return {}
        return public_holidays(self.country, self.subdivision)

    def closure(self, day: date) -> tuple[Closure, str] | None:
        """Why it is no business day, and what it is called; None of one."""
        if day in self.extra_days:
            return None
        if day.weekday() not in self.weekdays:
            return "not_worked", WEEKDAYS[day.weekday()].capitalize()
        if day in self.closed_days:
            return "closed_day", self.closed_days[day]
        if day in self.holidays:
            return "public_holiday", self.holidays[day]
        return None

    def is_business_day(self, day: date) -> bool:
        return self.closure(day) is None

    def hours_of(self, day: date) -> tuple[Hours, ...]:
        if day in self.extra_days:
            return self.extra_days[day]
        return self.week[day.weekday()] if self.is_business_day(day) else ()

    def business_days_between(self, first: date, last: date) -> int:
        """Business days after `first` up to `last`; negative backwards: those from `last` on before
        `first`. The inverse of `business_day_after` for business days.
        """
        here, there = first.toordinal(), last.toordinal()
        return self._passed(here, there) if here <= there else -self._passed(here, there)

    def business_day_after(self, day: date, count: int) -> date | None:
        """The count-th business day after `day`; before it, for a negative count; itself for 0.
        None beyond the years that dates have.
        """
        if count == 0:
            return day
        here, wanted = day.toordinal(), abs(count)
        most = _LAST - here if count > 0 else here - _FIRST
        step = 1 if count > 0 else -1

        def passed(days: int) -> int:
            return self._passed(here, here + step * days)

        near, far = 0, 7 * (wanted // max(1, len(self.weekdays)) + 1)
        while far < most and passed(far) < wanted:
            near, far = far, 2 * far
        far = min(far, most)
        days = bisect_left(range(near, far + 1), wanted, key=passed) + near
        return date.fromordinal(here + step * days) if days <= far else None

    @cached_property
    def _exceptions(self) -> tuple[list[int], list[int]]:
        """Days of working weekdays that are closed, and business days of other weekdays."""
        closed = {*self.closed_days, *self.holidays} - self.extra_days.keys()
        extra = self.extra_days.keys()
        return (
            sorted(day.toordinal() for day in closed if day.weekday() in self.weekdays),
            sorted(day.toordinal() for day in extra if day.weekday() not in self.weekdays),
        )

    @cached_property
    def _in_part_of_week(self) -> list[list[int]]:
        """Working weekdays among so many from each weekday on."""
        working = [day % 7 in self.weekdays for day in range(14)]
        return [[sum(working[day : day + count]) for count in range(7)] for day in range(7)]

    def _passed(self, here: int, there: int) -> int:
        """Business days after `here` up to `there`, or from `there` on before `here`."""
        first, last = (here + 1, there) if here <= there else (there, here - 1)
        if first > last:
            return 0
        weeks, rest = divmod(last - first + 1, 7)
        days = weeks * len(self.weekdays)
        days += self._in_part_of_week[(first - 1) % 7][rest]
        closed, extra = self._exceptions
        return days - _within(closed, first, last) + _within(extra, first, last)

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """When it is open on a day, in UTC. Hours that a clock change skips are left out."""
        found: list[tuple[datetime, datetime]] = []
        for hours in self.hours_of(day):
            end_day = day if hours.end > hours.start else day + timedelta(days=1)
            opens = at_wall_time(day, hours.start, self.zone)
            closes = at_wall_time(end_day, hours.end, self.zone)
            # A clock change may push the end of one stretch behind the beginning of the next.
            opens = max(opens, found[-1][1]) if found else opens
            if opens < closes:
                found.append((opens, closes))
        return found

    def open_spans(self, instant: datetime, *, backwards: bool = False) -> Iterator["Span"]:
        """Those from the day of an instant on, or from there back, without end."""
        day: date | None = instant.astimezone(self.zone).date()
        step = -1 if backwards else 1
        while day is not None:
            spans = self.spans(day)
            for opens, closes in reversed(spans) if backwards else spans:
                yield Span(day, opens, closes)
            day = self.business_day_after(day, step)
        raise ValueError("This calendar has no business day there.")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a business day, in UTC."""

    day: date
    opens: datetime
    closes: datetime


def _within(days: Sequence[int], first: int, last: int) -> int:
    return bisect_right(days, last) - bisect_left(days, first)


@lru_cache(maxsize=256)
def public_holidays(country: str, subdivision: str | None = None) -> Mapping[date, str]:
    """By day, in the years that the API knows; in English where the package has it."""
    years = range(FIRST_DAY.year, LAST_DAY.year + 1)
    found = holidays.country_holidays(country, subdivision, years=years, language="en_US")
    return dict(found.items())


@lru_cache(maxsize=256)
def subdivisions(country: str) -> frozenset[str]:
    """Those whose own public holidays are known."""
    return frozenset(holidays.list_supported_countries().get(country, ()))


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
    return _opening(instant, calendar)[1]


def _opening(instant: datetime, calendar: BusinessCalendar) -> tuple[date, datetime]:
    """With its business day."""
    for span in calendar.open_spans(instant):
        if instant < span.closes:
            return span.day, max(span.opens, instant.astimezone(UTC))
    raise AssertionError("spans end by raising")


def _closing(instant: datetime, calendar: BusinessCalendar) -> tuple[date, datetime]:
    """`instant` itself while open, else when it last closed."""
    for span in calendar.open_spans(instant, backwards=True):
        if span.opens < instant:
            return span.day, min(span.closes, instant.astimezone(UTC))
    raise AssertionError("spans end by raising")


def add_business_days(instant: datetime, days: int, calendar: BusinessCalendar) -> datetime:
    """The same wall time so many business days after the next opening, or before the last closing;
    where that is not within the hours of the day, their nearest. UTC.

    Friday 18:00 plus two business days is Tuesday at the opening hour: the count starts on Monday.
    """
    start_day, start = (_closing if days < 0 else _opening)(instant, calendar)
    if days == 0:
        return start
    day = calendar.business_day_after(start_day, days)
    if day is None:
        raise ValueError("This calendar has no business day there.")
    local = start.astimezone(calendar.zone)
    # A day that ends at midnight ends on the next one.
    aimed = day + (local.date() - start_day)
    at = at_wall_time(aimed, local.time().replace(fold=0), calendar.zone)
    spans = calendar.spans(day)
    for opens, closes in spans:
        if at <= closes:
            return max(opens, at)
    return spans[-1][1] if spans else at


def add_business_time(instant: datetime, length: timedelta, calendar: BusinessCalendar) -> datetime:
    """When so much time has passed within the hours of the calendar; before, for a negative one."""
    if length < timedelta():
        left = -length
        for span in calendar.open_spans(instant, backwards=True):
            until = min(span.closes, instant)
            if span.opens < until:
                if left <= until - span.opens:
                    return (until - left).astimezone(UTC)
                left -= until - span.opens
    left = length
    for span in calendar.open_spans(instant):
        since = max(span.opens, instant)
        if since < span.closes:
            if left <= span.closes - since:
                return (since + left).astimezone(UTC)
            left -= span.closes - since
    raise AssertionError("spans end by raising")


def add_time(
    instant: datetime, amount: int, unit: TimeUnit, calendar: BusinessCalendar
) -> datetime:
    """Raises `ValueError` or `OverflowError` beyond the years that dates have."""
    match unit:
        case "minutes":
            return instant.astimezone(UTC) + timedelta(minutes=amount)
        case "hours":
            return instant.astimezone(UTC) + timedelta(hours=amount)
        case "business_hours":
            return add_business_time(instant, timedelta(hours=amount), calendar)
        case "business_days":
            return add_business_days(instant, amount, calendar)
        case "days" | "weeks":
            if amount == 0:
                return instant.astimezone(UTC)
            local = instant.astimezone(calendar.zone)
            day = local.date() + timedelta(days=amount * (7 if unit == "weeks" else 1))
            return at_wall_time(day, local.time().replace(fold=0), calendar.zone)


def closed_between(
    one: datetime, other: datetime, calendar: BusinessCalendar
) -> Iterator[tuple[date, Closure, str]]:
    """The days from one instant to another that are no business days, in order."""
    first, last = sorted(at.astimezone(calendar.zone).date() for at in (one, other))
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        closure = calendar.closure(day)
        if closure is not None:
            yield day, *closure


@lru_cache(maxsize=1024)
def read_calendar(definition: str, zone: ZoneInfo) -> BusinessCalendar:
    """The calendar of a definition as services keep it (`CalendarDefinition` of the events), as
    JSON. One that cannot be read is the usual one, so that it stops nobody's work.
    """
    try:
        return _read(definition, zone)
    except (LookupError, TypeError, ValueError, StopIteration, AttributeError):
        return BusinessCalendar(zone)


def _read(definition: str, zone: ZoneInfo) -> BusinessCalendar:
    read: Mapping[str, Any] = from_json(definition)
    week = tuple(_hours(read["working_hours"].get(day)) for day in WEEKDAYS)
    usual = next(hours for hours in week if hours)
    return BusinessCalendar(
        zone=zone,
        week=week,
        country=read["country"],
        subdivision=read["subdivision"],
        closed_days={date.fromisoformat(day["date"]): day["title"] for day in read["closed_days"]},
        extra_days={
            date.fromisoformat(day["date"]): _hours(day["working_hours"]) or usual
            for day in read["extra_working_days"]
        },
    )


def _hours(stretches: Sequence[Mapping[str, str]] | None) -> tuple[Hours, ...]:
    return tuple(Hours(_wall(each["start"]), _wall(each["end"])) for each in stretches or ())


def _wall(text: str) -> time:
    return time.fromisoformat("00:00" if text == "24:00" else text)
