"""The value of a condition, read as the type of its field."""

import datetime as dt
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import Day, Period
from shared.rules.types.fold import fold
from shared.spelling import nearest
from shared.values.plain import near_day

TODAY: Final = n.Span(0, n.Unit.DAYS)
MAX_BUSINESS_DAYS: Final = 260
_YEAR: Final = {
    n.Unit.DAYS: 366,
    n.Unit.WEEKS: 52,
    n.Unit.MONTHS: 12,
    n.Unit.YEARS: 1,
    n.Unit.BUSINESS_DAYS: MAX_BUSINESS_DAYS,
}
"""The longest time within which an anniversary can be awaited, in each unit of days."""


class Mistyped(RuleFaulty):
    """The value does not fit its field."""


class Typing:
    """Makes the test of one condition on `field`."""

    def __init__(self, field: Field, place: Place) -> None:
        self.field = field
        self.place = place.part("value")

    def wrong(self, message: str, suggestion: str | None = None, *at: str | int) -> Mistyped:
        place = self.place.part(*at) if at and self.place.pointer is not None else self.place
        return Mistyped([Fault("bad_value", message, place, suggestion)])

    def test(self, node: n.Compare) -> c.Test:
        match node.op:
            case n.Op.IS_EMPTY | n.Op.NOT_EMPTY:
                return c.Present()
            case n.Op.CHANGED_WITHIN:
                return c.Changed(self.back(self.span(node.value, hours=True)))
        match self.field.type:
            case FieldType.TEXT | FieldType.SELECT | FieldType.ID | FieldType.BOOLEAN:
                return self.words(node)
            case FieldType.MULTI_SELECT:
                values = self.texts(node.value)
                return c.HasAll(values) if node.op is n.Op.HAS_ALL else c.HasAny(values)
            case FieldType.NUMBER | FieldType.CURRENCY:
                return self.numbers(node)
            case FieldType.DATE | FieldType.DATETIME:
                return self.times(node)

    def words(self, node: n.Compare) -> c.Test:
        match node.op, node.value:
            case n.Op.CONTAINS | n.Op.NOT_CONTAINS, str() as text:
                return c.Matches(n.Op.CONTAINS, self.needle(text))
            case n.Op.STARTS_WITH | n.Op.ENDS_WITH, str() as text:
                return c.Matches(node.op, self.needle(text))
            case _, bool() as truth if self.field.type is FieldType.BOOLEAN:
                return c.Equals((truth,))
            case _ if self.field.type is FieldType.BOOLEAN:
                raise self.wrong(f"{self.field.name} is true or false.")
            case _, tuple() as values:
                return c.Equals(self.texts(values))
            case _, value:
                return c.Equals((self.text(value),))

    def needle(self, text: str) -> str:
        folded = fold(text)
        if not folded:
            raise self.wrong("This text has nothing left to look for without its accents.")
        return folded

    def texts(self, values: n.Value) -> tuple[str, ...]:
        if not isinstance(values, tuple):
            raise self.wrong("This is a list of texts.")
        return tuple(dict.fromkeys(self.text(value, i) for i, value in enumerate(values)))

    def text(self, value: n.Value, *at: int) -> str:
        if not isinstance(value, str):
            raise self.wrong(f"{self.field.name} holds text.", None, *at)
        if self.field.type is FieldType.ID:
            try:
                return str(UUID(value))
            except ValueError:
                raise self.wrong(f"{self.field.name} holds ids.", None, *at) from None
        options = self.field.options
        if options and value not in options:
            message = f"{self.field.name} is one of {', '.join(options)}."
            raise self.wrong(message, nearest(value, options), *at)
        return self.in_one_form(value)

    def in_one_form(self, text: str) -> str:
        """As values of the field are stored. What is none of them is equal to none of them."""
        with suppress(ValueError):
            return self.field.one_form(text) if self.field.one_form else text
        return text

    def numbers(self, node: n.Compare) -> c.Test:
        values: tuple[n.Value, ...] = (node.value,)
        if isinstance(node.value, tuple):
            values = node.value
            numbers = tuple(self.number(value, i) for i, value in enumerate(values))
        else:
            numbers = (self.number(node.value),)
        currencies = {value.currency if isinstance(value, n.Money) else None for value in values}
        if len(currencies) > 1:
            raise self.wrong("All amounts of one condition have the same currency.")
        currency = currencies.pop()
        if self.field.currency is not None:
            currency = None  # every value has it: number() has seen to that
        first = numbers[0]
        match node.op:
            case n.Op.LT:
                return c.Numbers(high=first, high_included=False, currency=currency)
            case n.Op.LTE:
                return c.Numbers(high=first, currency=currency)
            case n.Op.GT:
                return c.Numbers(low=first, low_included=False, currency=currency)
            case n.Op.GTE:
                return c.Numbers(low=first, currency=currency)
            case n.Op.BETWEEN:
                if first > numbers[1]:
                    raise self.wrong("The lower end comes first.")
                return c.Numbers(low=first, high=numbers[1], currency=currency)
            case _:
                return c.Equals(tuple(dict.fromkeys(numbers)), currency)

    def number(self, value: n.Value, *at: int) -> int | Decimal:
        field = self.field
        match value:
            case n.Money() if field.type is not FieldType.CURRENCY:
                raise self.wrong(f"{field.name} holds numbers, not money.", None, *at)
            case n.Money(amount, currency):
                if field.currency is None and field.currency_column is None:
                    message = f"{field.name} does not say its currency: compare with minor units."
                    raise self.wrong(message, None, *at)
                if field.currency not in {None, currency}:
                    raise self.wrong(f"{field.name} holds {field.currency}.", field.currency, *at)
                return amount
            case int() if not isinstance(value, bool):
                return value
            case Decimal() if field.type is FieldType.NUMBER:
                return value
            case Decimal():
                message = "Money is a whole number of minor units, or written like 49.90 USD."
                raise self.wrong(message, None, *at)
            case _:
                raise self.wrong(f"{field.name} holds numbers.", None, *at)

    def times(self, node: n.Compare) -> c.Test:
        match node.op:
            case n.Op.PAST | n.Op.FUTURE:
                return self.beside_now(past=node.op is n.Op.PAST)
            case n.Op.WITHIN_LAST:
                return self.back(self.span(node.value, hours=self.is_datetime))
            case n.Op.WITHIN_NEXT:
                return self.ahead(self.span(node.value, hours=self.is_datetime))
            case n.Op.ANNIVERSARY_WITHIN:
                return c.Anniversary(Day(self.within_a_year(node.value)))
            case n.Op.IN_PERIOD:
                return _period(str(node.value))
            case n.Op.BETWEEN if isinstance(node.value, tuple):
                low, high = (self.time(value, i) for i, value in enumerate(node.value))
                return self.between(low, high)
        return self.against(node.op, self.time(node.value))

    def against(self, op: n.Op, value: Day | datetime) -> c.Test:
        match op, value:
            case ((n.Op.LT | n.Op.BEFORE), Day()):
                return c.Days(last=_next(value, -1))
            case n.Op.LTE, Day():
                return c.Days(last=value)
            case ((n.Op.GT | n.Op.AFTER), Day()):
                return c.Days(first=_next(value, 1))
            case n.Op.GTE, Day():
                return c.Days(first=value)
            case _, Day():
                return c.Days(value, value)
            case ((n.Op.LT | n.Op.BEFORE | n.Op.LTE), datetime()):
                return c.Instants(high=c.Instant(value, included=op is n.Op.LTE))
            case ((n.Op.GT | n.Op.AFTER | n.Op.GTE), datetime()):
                return c.Instants(low=c.Instant(value, included=op is n.Op.GTE))
            case _, datetime():
                exact = c.Instant(value, included=True)
                return c.Instants(exact, exact)

    @property
    def is_datetime(self) -> bool:
        return self.field.type is FieldType.DATETIME

    def between(self, low: Day | datetime, high: Day | datetime) -> c.Test:
        match low, high:
            case Day(), Day():
                if isinstance(low.base, dt.date) and isinstance(high.base, dt.date):
                    self.ordered(low.base, high.base)
                return c.Days(low, high)
            case datetime(), datetime():
                self.ordered(low, high)
                return c.Instants(c.Instant(low, included=True), c.Instant(high, included=True))
            case _:
                raise self.wrong("Both ends are dates, or both are instants.")

    def ordered(self, low: dt.date, high: dt.date) -> None:
        if low > high:
            raise self.wrong("The earlier end comes first.")

    def beside_now(self, *, past: bool) -> c.Test:
        if self.is_datetime:
            now = c.Instant(timedelta(), included=past)
            return c.Instants(high=now) if past else c.Instants(low=now)
        return c.Days(last=Day(TODAY, -1)) if past else c.Days(first=Day(TODAY, 1))

    def back(self, span: n.Span) -> c.Days | c.Instants:
        if span.unit is n.Unit.HOURS:
            start = c.Instant(timedelta(hours=-span.count), included=False)
            return c.Instants(start, c.Instant(timedelta(), included=True))
        return c.Days(Day(n.Span(-span.count, span.unit)), Day(TODAY))

    def ahead(self, span: n.Span) -> c.Days | c.Instants:
        if span.unit is n.Unit.HOURS:
            end = c.Instant(timedelta(hours=span.count), included=True)
            return c.Instants(c.Instant(timedelta(), included=False), end)
        return c.Days(Day(TODAY), Day(span))

    def span(self, value: n.Value, *, hours: bool) -> n.Span:
        if not isinstance(value, n.Span):
            raise self.wrong(f"This is {n.Shape.SPAN}.")
        if value.unit is n.Unit.HOURS and not hours:
            raise self.wrong("A date counts in days, not in hours.", "days")
        if value.unit is n.Unit.BUSINESS_DAYS and abs(value.count) > MAX_BUSINESS_DAYS:
            raise self.wrong(f"Business days are counted up to {MAX_BUSINESS_DAYS}.")
        return value

    def within_a_year(self, value: n.Value) -> n.Span:
        span = self.span(value, hours=False)
        if span.count > _YEAR[span.unit]:
            unit = str(span.unit).replace("_", " ")
            raise self.wrong(f"Every day has its anniversary within {_YEAR[span.unit]} {unit}.")
        return span

    def time(self, value: n.Value, *at: int) -> Day | datetime:
        match value:
            case n.FromToday(span):
                return Day(self.span(span, hours=False))
            case str() if len(value) == len("2026-01-31"):
                return Day(self.day(value, *at))
            case str() if self.is_datetime:
                return self.instant(value, *at)
        example = "2026-01-31 or 2026-01-31T09:00:00Z" if self.is_datetime else "2026-01-31"
        raise self.wrong(f"A {self.field.type} is written like {example}.", None, *at)

    def day(self, text: str, *at: int) -> dt.date:
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            raise self.wrong(f"{text!r} is no date.", None, *at) from None
        return self.usual(day, *at)

    def instant(self, text: str, *at: int) -> datetime:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(f"{text!r} is no instant.", None, *at) from None
        if instant.tzinfo is None:
            raise self.wrong("An instant says its offset, such as Z.", f"{text}Z", *at)
        self.usual(instant.date(), *at)
        return instant.astimezone(UTC)

    def usual(self, day: dt.date, *at: int) -> dt.date:
        try:
            return near_day(day)
        except ValueError as error:
            raise self.wrong(str(error), None, *at) from None


def _next(day: Day, days: int) -> Day:
    return Day(day.base, day.plus + days)


def _period(name: str) -> c.Days:
    which, _, length = name.partition("_")
    distance = {"this": 0, "next": 1, "last": -1}[which]
    first = Day(Period(length, distance, last_day=False))
    return c.Days(first, Day(Period(length, distance, last_day=True)))
