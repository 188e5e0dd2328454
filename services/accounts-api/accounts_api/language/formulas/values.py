"""Values while a formula is worked out: exact, and never an error."""

from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from shared.rules.syntax.values import exponent

EXACT: Final = Context(prec=34, Emax=6144, Emin=-6143, traps=[])
"""IEEE 754 decimal128. Nothing is trapped: what has no value becomes no number."""
HUNDREDTHS: Final = 2


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units, exact until they are kept. No currency goes with any other."""

    amount: Decimal
    currency: str | None = None

    @property
    def major(self) -> Decimal:
        places = exponent(self.currency) if self.currency else HUNDREDTHS
        return self.amount.scaleb(-places, EXACT)


Value = Any
"""A Decimal, Money, text, boolean, date, datetime, list of texts, or None."""


def number(given: Any) -> Decimal:
    """Of an integer, a decimal or a double: the shortest decimal that reads back as that double."""
    return Decimal(repr(given)) if isinstance(given, float) else Decimal(given)


def sound(value: Any) -> Any:
    """The value, or None for a number that is none."""
    amount = value.amount if isinstance(value, Money) else value
    if isinstance(amount, Decimal) and not amount.is_finite():
        return None
    return value


def amount(value: Any) -> Decimal:
    """A number, or the minor units of money."""
    return value.amount if isinstance(value, Money) else value


def mixed(*values: Any) -> bool:
    """Whether they are amounts of more than one currency."""
    known = {value.currency for value in values if isinstance(value, Money)} - {None}
    return len(known) > 1


def like(found: Decimal, *values: Any) -> Decimal | Money:
    """`found`, as money if any of the values is."""
    moneys = [value for value in values if isinstance(value, Money)]
    if not moneys:
        return found
    return Money(found, next((m.currency for m in moneys if m.currency), None))
