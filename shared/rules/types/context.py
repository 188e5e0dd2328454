"""The instant a rule is evaluated at, with the workspace's zone and calendars.

Every relative day of a rule ("today plus 90 days", "the first day of the next fiscal quarter") is a
function of today that never goes backwards as today advances. That one property gives the next day
on which a date condition can change: the first day on which a bound reaches the record's date.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time
from enum import Flag, auto
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from shared.business_time import BusinessCalendar
from shared.rules.syntax.nodes import Span, Unit

LOOKAHEAD: Final = 400
"""Days for which bounds that follow the calendar are worked out. A change later than that is
reported as possible on the last of them, where the question is simply asked again."""

_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()
_DAYS: Final = {Unit.DAYS: 1, Unit.WEEKS: 7}
_USUAL: Final = BusinessCalendar(ZoneInfo("UTC"))
_MONTHS: Final = {"month": 1, "fiscal_quarter": 3, "fiscal_year": 12}


class Asks(Flag):
    """What a condition or a formula asks of the moment at which it is evaluated."""

    NOTHING = 0
    NOW = auto()
    """The very instant, and not only the day."""
    TODAY = auto()
    """Which day it is."""
    CALENDAR = auto()
    """What a local day is: the zone, the fiscal year, the business days."""

    @property
    def moves(self) -> bool:
        """Whether time alone can change the outcome."""
        return bool(self & (Asks.NOW | Asks.TODAY))


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period by its distance from the current one: its first day, or its last."""

    length: str
    distance: int
    last_day: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A fixed date, today moved by a length of time, or an end of a period; then moved by days."""

    base: date | Span | Period
    plus: int = 0

    @property
    def moves(self) -> bool:
        return not isinstance(self.base, date)


@dataclass(frozen=True)
class EvaluationContext:
    now: datetime
    zone: ZoneInfo
    fiscal_year_start: int = 1
    """The month, 1 to 12, that a fiscal year begins with."""
    calendar: BusinessCalendar = _USUAL
    """Which days are business days."""

    @cached_property
    def today(self) -> date:
        return self.local_day(self.now)

    @cached_property
    def _resolved(self) -> dict[Day, date]:
        """What was asked for: one context judges many records by the same days."""
        return {}

    @cached_property
    def _steps(self) -> dict[Day, list[date]]:
        return {}

    def local_day(self, value: date) -> date:
        """The day of an instant in the workspace's zone; a date is itself."""
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def day_start(self, day: date) -> datetime:
        """The first instant of a local day: the first midnight of two, the gap's end if none."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def resolve(self, day: Day) -> date:
        if day not in self._resolved:
            self._resolved[day] = self._on(self.today, day)
        return self._resolved[day]

    def fixed_shift(self, day: Day) -> int | None:
        """The number of days by which `day` always differs from today, if there is one."""
        if isinstance(day.base, Span) and day.base.unit in _DAYS:
            return day.base.count * _DAYS[day.base.unit] + day.plus
        return None

    def steps(self, day: Day) -> Sequence[date]:
        """What `day` will be tomorrow, the day after, and so on."""
        if day not in self._steps:
            today = self.today
            days = (_moved(today, ahead) for ahead in range(1, LOOKAHEAD + 1))
            self._steps[day] = [self._on(later, day) for later in days]
        return self._steps[day]

    def reaches(self, day: Day, target: date) -> date | None:
        """The first day after today on which `day` is `target` or later; None if it is already."""
        if not day.moves or self.resolve(day) >= target:
            return None
        shift = self.fixed_shift(day)
        if shift is not None:
            return _moved(target, -shift)
        return _moved(self.today, 1 + bisect_left(self.steps(day), target))

    def anniversary(self, day: date) -> date | None:
        """The next anniversary of `day`, today or later; the first is a year after `day`. None
        beyond the calendar. In common years that of 29 February is 28 February.
        """
        years = max(1, self.today.year - day.year)
        this_year = months_after(day, 12 * years)
        if this_year is None or this_year >= self.today:
            return this_year
        return months_after(day, 12 * (years + 1))

    def _on(self, today: date, day: Day) -> date:
        match day.base:
            case date():
                return _moved(day.base, day.plus)
            case Span():
                return _moved(self._after(today, day.base), day.plus)
            case Period():
                return _moved(self._period(today, day.base), day.plus)

    def _after(self, today: date, span: Span) -> date:
        match span.unit:
            case Unit.DAYS | Unit.WEEKS:
                return _moved(today, span.count * _DAYS[span.unit])
            case Unit.MONTHS:
                return _months_after(today, span.count)
            case Unit.YEARS:
                return _months_after(today, 12 * span.count)
            case Unit.BUSINESS_DAYS:
                far = date.max if span.count > 0 else date.min
                return self.calendar.business_day_after(today, span.count) or far
            case Unit.HOURS:
                raise AssertionError("hours are counted from now, not from today")

    def _period(self, today: date, period: Period) -> date:
        distance = period.distance + period.last_day
        if period.length == "week":
            first = _moved(today, 7 * distance - today.weekday())
        else:
            months = _MONTHS[period.length]
            into = (today.month - self.fiscal_year_start) % months if months > 1 else 0
            first = _months_after(today.replace(day=1), distance * months - into)
        return _moved(first, -1) if period.last_day else first


def _moved(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, _FIRST), _LAST))


def _months_after(day: date, months: int) -> date:
    return months_after(day, months) or (date.min if months < 0 else date.max)


def months_after(day: date, months: int) -> date | None:
    """The same day of another month, or that month's last day; None beyond the calendar."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return None
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
