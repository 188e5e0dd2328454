"""Days counted and moved. Nothing is given for a day beyond the calendar."""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from decimal import Decimal

from shared.rules.types.context import EvaluationContext, months_after

_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()


def moved(day: date, days: int) -> date | None:
    ordinal = day.toordinal() + days
    return date.fromordinal(ordinal) if _FIRST <= ordinal <= _LAST else None


def months_between(first: date, last: date) -> int:
    """Whole months: the greatest number that `first` can be moved by without passing `last`."""
    if last < first:
        return -months_between(last, first)
    months = (last.year - first.year) * 12 + last.month - first.month
    reached = months_after(first, months)
    return months if reached is not None and reached <= last else months - 1


def business_days_between(first: date, last: date, context: EvaluationContext) -> int:
    """Working days after `first` up to `last`; negative backwards: those from `last` on before
    `first`. The inverse of `add_business_days` for working days.
    """
    if last < first:
        return -_working(last, first - timedelta(days=1), context)
    return _working(first + timedelta(days=1), last, context) if first < last else 0


def _working(first: date, last: date, context: EvaluationContext) -> int:
    """Working days from `first` to `last`, both included."""
    if first > last:
        return 0
    weeks, rest = divmod((last - first).days + 1, 7)
    days = weeks * len(context.working_days)
    days += sum((first.weekday() + ahead) % 7 in context.working_days for ahead in range(rest))
    off = sorted(day for day in context.holidays if day.weekday() in context.working_days)
    return days - (bisect_right(off, last) - bisect_left(off, first))


def add_business_days(day: date, count: int, context: EvaluationContext) -> date | None:
    """The count-th working day after `day`; before it, for a negative count; itself for 0."""
    if count == 0:
        return day
    step, left = (1 if count > 0 else -1), abs(count)
    # whole weeks at once, as many as cannot lead too far
    weeks = max(0, (left - 1) // len(context.working_days))
    if weeks:
        ahead = moved(day, step * 7 * weeks)
        if ahead is None:
            return None
        left -= abs(business_days_between(day, ahead, context))
        day = ahead
    while left:
        following = moved(day, step)
        if following is None:
            return None
        day = following
        left -= day.weekday() in context.working_days and day not in context.holidays
    return day


def whole(number: Decimal, most: int = 4_000_000) -> int:
    """The whole part; counts that lead beyond the calendar in any case are cut."""
    return int(min(max(number, Decimal(-most)), Decimal(most)))
