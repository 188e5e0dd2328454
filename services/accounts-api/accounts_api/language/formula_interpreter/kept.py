"""A formula's value in the form in which a trait of its result type is stored."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from accounts_api.language.formulas.values import EXACT, Money, Value, amount
from shared.rules.syntax.nodes import MAX_DIGITS, MAX_INTEGER
from shared.values.plain import EARLIEST, FIRST_DAY, LAST_DAY, LATEST

MAX_STRING: Final = 1_000
_KEPT: Final = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_UP, Emax=6144, Emin=-6143, traps=[])


def kept(value: Value, currency: str | None = None) -> Any:
    """What JSON holds of it; None for what a trait cannot hold. `currency` is a currency trait's.

    A number is rounded to 15 significant digits, money to whole minor units, a text cut.
    """
    match value:
        case Decimal() if currency is None:
            return _number(value)
        case Decimal() | Money():
            return _money(value, currency)
        case str():
            return value[:MAX_STRING]
        case datetime() if not EARLIEST <= value <= LATEST:
            return None
        case datetime():
            return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
        case date():
            return value.isoformat() if FIRST_DAY <= value <= LAST_DAY else None
        case _:
            return value


def _number(exact: Decimal) -> int | float | None:
    value = _KEPT.plus(exact)
    if value and not -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS + 2:
        return None if value.adjusted() > 0 else 0
    whole = int(value)
    return whole if value == whole else float(value)


def _money(value: Decimal | Money, currency: str | None) -> int | None:
    if isinstance(value, Money) and value.currency not in {None, currency}:
        return None
    if abs(amount(value)) > MAX_INTEGER:
        return None
    return int(amount(value).quantize(Decimal(1), rounding=ROUND_HALF_UP, context=EXACT))
