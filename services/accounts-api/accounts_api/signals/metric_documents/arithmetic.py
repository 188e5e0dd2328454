"""The value of a metric, of what its sources give: exact, and never an error.

The twin of `metric_values.statements`, which says the same to PostgreSQL.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from accounts_api.signals.metric_documents.documents import Metric

NullReason = Literal[
    "numerator_missing",
    "denominator_missing",
    "denominator_zero",
    "mixed_currencies",
    "out_of_range",
]
LARGEST: Final = Decimal(10) ** 12
"""What a value must stay below."""
HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Given:
    """What a source gives: a number or none, and the currency of an amount."""

    value: Fraction | None
    currency: str | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """Exactly one of the two is None."""

    value: Decimal | None
    null_reason: NullReason | None


def worked_out(metric: Metric, numerator: Given, denominator: Given | None) -> Worked:
    reason = _reason(numerator, denominator)
    if reason is not None:
        return Worked(None, reason)
    exact = numerator.value or Fraction(0)
    if denominator is not None and denominator.value is not None:
        exact /= denominator.value
    if metric.unit == "percent":
        exact *= HUNDRED
    value = rounded(exact, metric.decimals)
    if metric.minimum is not None:
        value = max(value, rounded(Fraction(metric.minimum), metric.decimals))
    if metric.maximum is not None:
        value = min(value, rounded(Fraction(metric.maximum), metric.decimals))
    if abs(value) >= LARGEST:
        return Worked(None, "out_of_range")
    return Worked(value, None)


def _reason(numerator: Given, denominator: Given | None) -> NullReason | None:
    sources = [numerator] if denominator is None else [numerator, denominator]
    currencies = {source.currency for source in sources} - {None}
    if any(source.mixed for source in sources) or len(currencies) > 1:
        return "mixed_currencies"
    if numerator.value is None:
        return "numerator_missing"
    if denominator is not None and denominator.value is None:
        return "denominator_missing"
    if denominator is not None and denominator.value == 0:
        return "denominator_zero"
    return None


def rounded(exact: Fraction, decimals: int) -> Decimal:
    """Half away from zero. In whole numbers, as a quotient of decimals would be rounded twice."""
    numerator = abs(exact.numerator) * 10**decimals
    whole = (2 * numerator + exact.denominator) // (2 * exact.denominator)
    value = Decimal(whole).scaleb(-decimals)
    return -value if exact < 0 and whole else value
