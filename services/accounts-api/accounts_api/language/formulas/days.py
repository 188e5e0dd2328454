"""Days counted and moved. Nothing is given for a day beyond the calendar."""

from datetime import date
from decimal import Decimal

from shared.rules.types.context import months_after

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


def whole(number: Decimal, most: int = 4_000_000) -> int:
    """The whole part; counts that lead beyond the calendar in any case are cut."""
    return int(min(max(number, Decimal(-most)), Decimal(most)))
