"""What kinds of values there are, and what an operator or function gives of which."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.rules.types.catalog import Field, FieldType


class Sort(StrEnum):
    NUMBER = "number"
    MONEY = "currency"
    TEXT = "string"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    LIST = "multi_select"
    NOTHING = "null"


@dataclass(frozen=True, slots=True)
class Typed:
    sort: Sort
    currency: str | None = None
    """The currency that every value has; None when each value says its own, or none."""
    options: tuple[str, ...] = ()
    """All values there can be, of a select."""


class Wrong(Exception):
    """Operands that do not go together. `argument` is the place of the one to blame."""

    def __init__(
        self,
        message: str,
        argument: int | None = None,
        suggestion: str | None = None,
        code: str = "wrong_type",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.suggestion = suggestion
        self.code = code


NUMBER: Final = Typed(Sort.NUMBER)
TEXT: Final = Typed(Sort.TEXT)
BOOLEAN: Final = Typed(Sort.BOOLEAN)
DATE: Final = Typed(Sort.DATE)
NOTHING: Final = Typed(Sort.NOTHING)

Sorts = frozenset[Sort]
NUMBERS: Final[Sorts] = frozenset({Sort.NUMBER})
AMOUNTS: Final[Sorts] = frozenset({Sort.NUMBER, Sort.MONEY})
MONEYS: Final[Sorts] = frozenset({Sort.MONEY})
TEXTS: Final[Sorts] = frozenset({Sort.TEXT})
TRUTHS: Final[Sorts] = frozenset({Sort.BOOLEAN})
DAYS: Final[Sorts] = frozenset({Sort.DATE, Sort.DATETIME})
HOLDING: Final[Sorts] = frozenset({Sort.TEXT, Sort.LIST})
SINGLE: Final[Sorts] = frozenset(Sort) - {Sort.LIST}
ANY: Final[Sorts] = frozenset(Sort)

_SORTS: Final = {
    FieldType.NUMBER: Sort.NUMBER,
    FieldType.CURRENCY: Sort.MONEY,
    FieldType.BOOLEAN: Sort.BOOLEAN,
    FieldType.DATE: Sort.DATE,
    FieldType.DATETIME: Sort.DATETIME,
    FieldType.MULTI_SELECT: Sort.LIST,
}
_ARTICLES: Final = {
    Sort.NUMBER: "a number",
    Sort.MONEY: "an amount of money",
    Sort.TEXT: "a text",
    Sort.BOOLEAN: "true or false",
    Sort.DATE: "a date",
    Sort.DATETIME: "an instant",
    Sort.LIST: "a list of options",
    Sort.NOTHING: "null",
}


def of_field(field: Field) -> Typed:
    sort = _SORTS.get(field.type, Sort.TEXT)
    return Typed(sort, field.currency, field.options if sort is Sort.TEXT else ())


def said(sorts: Iterable[Sort]) -> str:
    """In words, for messages."""
    known = set(sorts)
    return " or ".join(_ARTICLES[sort] for sort in Sort if sort in known)


def must_be(typed: Typed, sorts: Sorts, argument: int) -> None:
    if typed.sort is not Sort.NOTHING and typed.sort not in sorts:
        message = f"This is {said([typed.sort])}; here stands {said(sorts)}."
        raise Wrong(message, argument)


def currency_of(operands: Iterable[Typed]) -> str | None:
    """The one currency of amounts that go together; None if no operand says one."""
    known = {typed.currency for typed in operands if typed.sort is Sort.MONEY and typed.currency}
    if len(known) > 1:
        message = f"{' and '.join(sorted(known))} do not mix."
        raise Wrong(message, code="different_currencies")
    return known.pop() if known else None


def same(operands: Sequence[Typed], first: int = 0) -> Typed:
    """What several alternatives are all of. A number beside an amount counts minor units."""
    sorts = {typed.sort for typed in operands} - {Sort.NOTHING}
    if not sorts:
        return NOTHING
    if sorts <= AMOUNTS and Sort.MONEY in sorts:
        return Typed(Sort.MONEY, currency_of(operands))
    if len(sorts) == 1:
        options = {typed.options for typed in operands if typed.sort is not Sort.NOTHING}
        return Typed(sorts.pop(), options=options.pop() if len(options) == 1 else ())
    start = next(typed.sort for typed in operands if typed.sort is not Sort.NOTHING)
    odd = next(i for i, typed in enumerate(operands) if typed.sort not in {start, Sort.NOTHING})
    message = f"This is {said([operands[odd].sort])}, the one before {said([start])}."
    raise Wrong(message, first + odd)


def added(operator: str) -> Callable[[Sequence[Typed]], Typed]:
    def typed(operands: Sequence[Typed]) -> Typed:
        sorts = {one.sort for one in operands}
        if Sort.TEXT in sorts and operator == "+":
            raise Wrong("Texts are joined by concat(a, b).", 0, "concat")
        if sorts & DAYS:
            number = bool(sorts & AMOUNTS)
            word = "add_days" if number or operator == "+" else "days_between"
            raise Wrong(f"Dates are counted by {word}.", 0, word)
        for place, one in enumerate(operands):
            must_be(one, AMOUNTS, place)
        return same(operands)

    return typed


def multiplied(operands: Sequence[Typed]) -> Typed:
    for place, one in enumerate(operands):
        must_be(one, AMOUNTS, place)
    if all(one.sort is Sort.MONEY for one in operands):
        raise Wrong("An amount is multiplied by a number, not by an amount.", 1, "amount")
    money = [one for one in operands if one.sort is Sort.MONEY]
    return money[0] if money else NUMBER


def divided(operands: Sequence[Typed]) -> Typed:
    for place, one in enumerate(operands):
        must_be(one, AMOUNTS, place)
    dividend, divisor = operands
    if divisor.sort is not Sort.MONEY:
        return dividend if dividend.sort is Sort.MONEY else NUMBER
    if dividend.sort is Sort.NUMBER:
        raise Wrong("A number is not divided by an amount.", 1, "amount")
    currency_of(operands)
    return NUMBER


def compared(*, ordered: bool) -> Callable[[Sequence[Typed]], Typed]:
    def typed(operands: Sequence[Typed]) -> Typed:
        left, right = operands
        for place, one in enumerate(operands):
            must_be(one, (AMOUNTS | DAYS) if ordered else SINGLE, place)
        sorts = {left.sort, right.sort} - {Sort.NOTHING}
        if not any(sorts <= group for group in (AMOUNTS, DAYS, TEXTS, TRUTHS)):
            message = f"{said([left.sort]).capitalize()} is not compared with {said([right.sort])}."
            raise Wrong(message, 1)
        currency_of(operands)
        return BOOLEAN

    return typed


def chosen(operands: Sequence[Typed]) -> Typed:
    must_be(operands[0], TRUTHS, 0)
    return same(operands[1:], 1)


def like_first(operands: Sequence[Typed]) -> Typed:
    return Typed(operands[0].sort, operands[0].currency)


def alike(sorts: Sorts) -> Callable[[Sequence[Typed]], Typed]:
    def typed(operands: Sequence[Typed]) -> Typed:
        for place, one in enumerate(operands):
            must_be(one, sorts, place)
        return same(operands)

    return typed


def given(result: Typed, *sorts: Sorts) -> Callable[[Sequence[Typed]], Typed]:
    """A fixed result of parameters by place; the last of `sorts` stands for all that follow."""

    def typed(operands: Sequence[Typed]) -> Typed:
        for place, one in enumerate(operands):
            must_be(one, sorts[min(place, len(sorts) - 1)], place)
        return result

    return typed


def kept_sort(*sorts: Sorts) -> Callable[[Sequence[Typed]], Typed]:
    """What the first operand is."""

    def typed(operands: Sequence[Typed]) -> Typed:
        given(NOTHING, *sorts)(operands)
        return like_first(operands)

    return typed
