"""What formulas can do: of each operator and function, what it takes and what it gives.

`work` is called with the moment and values that are there: a missing one is the result before.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from accounts_api.language.formulas import days
from accounts_api.language.formulas import types as t
from accounts_api.language.formulas.types import Typed
from accounts_api.language.formulas.values import EXACT, Money, amount, like, mixed
from shared.rules.syntax.values import format_number
from shared.rules.types.context import Asks, EvaluationContext, months_after
from shared.rules.types.fold import fold

Work = Callable[..., Any]
_MOST_PLACES: Final = 15
_MOST_TEXT: Final = 100_000
_PLAIN_NUMBER: Final = re.compile(r"\s*-?[0-9]{1,20}(?:\.[0-9]{1,15})?\s*")


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    least: int
    most: int | None
    typed: Callable[[Sequence[Typed]], Typed]
    work: Work
    asks: Asks = Asks.NOTHING
    without: bool | None = None
    """What it gives where a value is missing, or where values cannot be compared: what a condition
    of a rule says there. None: nothing.
    """


def _sum(_: EvaluationContext, a: Any, b: Any) -> Any:
    return None if mixed(a, b) else like(EXACT.add(amount(a), amount(b)), a, b)


def _difference(_: EvaluationContext, a: Any, b: Any) -> Any:
    return None if mixed(a, b) else like(EXACT.subtract(amount(a), amount(b)), a, b)


def _product(_: EvaluationContext, a: Any, b: Any) -> Any:
    return like(EXACT.multiply(amount(a), amount(b)), a, b)


def _quotient(_: EvaluationContext, a: Any, b: Any) -> Any:
    if mixed(a, b) or not amount(b):
        return None
    found = EXACT.divide(amount(a), amount(b))
    return found if isinstance(b, Money) else like(found, a)


def _negative(_: EvaluationContext, a: Any) -> Any:
    return like(EXACT.minus(amount(a)), a)


def _comparing(compare: Callable[[Any, Any], bool]) -> Work:
    def work(context: EvaluationContext, a: Any, b: Any) -> bool | None:
        if mixed(a, b):
            return None
        if isinstance(a, date) and type(a) is not type(b):
            a, b = context.local_day(a), context.local_day(b)
        return compare(amount(a), amount(b))

    return work


def _comparison(sign: str, compare: Callable[[Any, Any], bool]) -> Function:
    typed = t.compared(ordered=sign not in {"=", "!="})
    return Function(sign, 2, 2, typed, _comparing(compare), without=sign == "!=")


def _extreme(choose: Callable[..., Any]) -> Work:
    def work(context: EvaluationContext, *values: Any) -> Any:
        return extreme(values, choose)

    return work


def extreme(values: Sequence[Any], choose: Callable[..., Any]) -> Any:
    if mixed(*values):
        return None
    found = choose(values, key=amount)
    return like(amount(found), *values) if isinstance(amount(found), Decimal) else found


def _rounded(how: str) -> Work:
    def work(_: EvaluationContext, value: Any, places: Decimal = Decimal(0)) -> Any:
        exact = amount(value)
        shift = days.whole(places, _MOST_PLACES)
        if not exact or exact.adjusted() + shift > EXACT.prec - 2:
            return value
        found = exact.quantize(Decimal(1).scaleb(-shift), rounding=how, context=EXACT)
        return like(found, value)

    return work


def written(value: Any) -> str:
    """A value as text."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format_number(value)
        case Money(currency=currency):
            plain = format_number(value.major)
            return f"{plain} {currency}" if currency else plain
        case datetime():
            return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _number(_: EvaluationContext, text: str) -> Decimal | None:
    return Decimal(text.strip()) if _PLAIN_NUMBER.fullmatch(text) else None


def _left(_: EvaluationContext, text: str, count: Decimal) -> str:
    return text[: max(0, days.whole(count))]


def _right(_: EvaluationContext, text: str, count: Decimal) -> str:
    return text[max(0, len(text) - max(0, days.whole(count))) :]


def _replace(_: EvaluationContext, text: str, old: str, new: str) -> str | None:
    if not old:
        return text
    grown = len(text) + text.count(old) * (len(new) - len(old))
    return text.replace(old, new) if grown <= _MOST_TEXT else None


def _contains(_: EvaluationContext, where: Any, what: str) -> bool:
    return what in where if isinstance(where, list) else fold(what) in fold(where)


def _add_months(context: EvaluationContext, day: date, count: Decimal) -> date | None:
    return months_after(context.local_day(day), days.whole(count, 120_000))


def _add_business_days(context: EvaluationContext, day: date, count: Decimal) -> date | None:
    return context.calendar.business_day_after(context.local_day(day), days.whole(count))


def _counting(count: Callable[[date, date, EvaluationContext], int]) -> Work:
    def work(context: EvaluationContext, first: date, last: date) -> Decimal:
        return Decimal(count(context.local_day(first), context.local_day(last), context))

    return work


def _part(name: str) -> Work:
    def work(context: EvaluationContext, day: date) -> Decimal:
        return Decimal(getattr(context.local_day(day), name))

    return work


_TEXT_TO_TEXT: Final = t.given(t.TEXT, t.TEXTS)
_LENGTHENED: Final = t.given(t.TEXT, t.TEXTS, t.NUMBERS)
_MOVED: Final = t.given(t.DATE, t.DAYS, t.NUMBERS)
_COUNTED: Final = t.given(t.NUMBER, t.DAYS)
_ROUNDED: Final = t.kept_sort(t.AMOUNTS, t.NUMBERS)


def _nothing(_: EvaluationContext, *values: Any) -> Any:
    raise AssertionError("these decide themselves which of their operands they look at")


OPERATORS: Final = {
    one.name: one
    for one in (
        Function("or", 2, 2, t.given(t.BOOLEAN, t.TRUTHS), _nothing),
        Function("and", 2, 2, t.given(t.BOOLEAN, t.TRUTHS), _nothing),
        Function("is empty", 1, 1, t.given(t.BOOLEAN, t.ANY), _nothing),
        Function("not", 1, 1, t.given(t.BOOLEAN, t.TRUTHS), lambda _, a: not a, without=True),
        Function("+", 2, 2, t.added("+"), _sum),
        Function("-", 2, 2, t.added("-"), _difference),
        Function("*", 2, 2, t.multiplied, _product),
        Function("/", 2, 2, t.divided, _quotient),
        Function("minus", 1, 1, t.kept_sort(t.AMOUNTS), _negative),
        _comparison("=", eq),
        _comparison("!=", ne),
        _comparison("<", lt),
        _comparison("<=", le),
        _comparison(">", gt),
        _comparison(">=", ge),
    )
}
FUNCTIONS: Final = {
    one.name: one
    for one in (
        Function("if", 2, 3, t.chosen, _nothing),
        Function("coalesce", 2, None, t.same, _nothing),
        Function(
            "concat", 2, None, t.given(t.TEXT, t.SINGLE), lambda _, *v: "".join(map(written, v))
        ),
        Function("upper", 1, 1, _TEXT_TO_TEXT, lambda _, v: v.upper()),
        Function("lower", 1, 1, _TEXT_TO_TEXT, lambda _, v: v.lower()),
        Function("trim", 1, 1, _TEXT_TO_TEXT, lambda _, v: v.strip()),
        Function("left", 2, 2, _LENGTHENED, _left),
        Function("right", 2, 2, _LENGTHENED, _right),
        Function("replace", 3, 3, _TEXT_TO_TEXT, _replace),
        Function("length", 1, 1, t.given(t.NUMBER, t.HOLDING), lambda _, v: Decimal(len(v))),
        Function(
            "contains", 2, 2, t.given(t.BOOLEAN, t.HOLDING, t.TEXTS), _contains, without=False
        ),
        Function("text", 1, 1, t.given(t.TEXT, t.SINGLE), lambda _, v: written(v)),
        Function("number", 1, 1, t.given(t.NUMBER, t.TEXTS), _number),
        Function("amount", 1, 1, t.given(t.NUMBER, t.MONEYS), lambda _, v: v.major),
        Function("round", 1, 2, _ROUNDED, _rounded(ROUND_HALF_UP)),
        Function("floor", 1, 1, _ROUNDED, _rounded(ROUND_FLOOR)),
        Function("ceil", 1, 1, _ROUNDED, _rounded(ROUND_CEILING)),
        Function("abs", 1, 1, _ROUNDED, lambda _, v: like(EXACT.abs(amount(v)), v)),
        Function("min", 2, None, t.alike(t.AMOUNTS | t.DAYS), _extreme(min)),
        Function("max", 2, None, t.alike(t.AMOUNTS | t.DAYS), _extreme(max)),
        Function(
            "today",
            0,
            0,
            t.given(t.DATE),
            lambda context: context.today,
            Asks.TODAY | Asks.CALENDAR,
        ),
        Function("date", 1, 1, t.given(t.DATE, t.DAYS), lambda context, v: context.local_day(v)),
        Function("year", 1, 1, _COUNTED, _part("year")),
        Function("month", 1, 1, _COUNTED, _part("month")),
        Function("day", 1, 1, _COUNTED, _part("day")),
        Function(
            "add_days",
            2,
            2,
            _MOVED,
            lambda m, v, count: days.moved(m.local_day(v), days.whole(count)),
        ),
        Function("add_months", 2, 2, _MOVED, _add_months),
        Function("add_business_days", 2, 2, _MOVED, _add_business_days, Asks.CALENDAR),
        Function("days_between", 2, 2, _COUNTED, _counting(lambda a, b, _: (b - a).days)),
        Function(
            "months_between", 2, 2, _COUNTED, _counting(lambda a, b, _: days.months_between(a, b))
        ),
        Function(
            "business_days_between",
            2,
            2,
            _COUNTED,
            _counting(lambda a, b, context: context.calendar.business_days_between(a, b)),
            Asks.CALENDAR,
        ),
    )
}
