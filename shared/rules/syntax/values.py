"""Literals shared by both forms of a rule: texts, exact numbers, money with its decimals."""

from decimal import Decimal
from typing import Final

from shared.rules.syntax.nodes import MAX_DIGITS, MAX_INTEGER, MAX_TEXT, Money
from shared.values.currencies import known_currency

# ISO 4217, list one: the currencies whose minor unit is not a hundredth.
EXPONENTS: Final[dict[str, int]] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


class BadLiteral(ValueError):
    """A value no rule can hold; the message says why."""


def exponent(currency: str) -> int:
    return EXPONENTS.get(currency, 2)


def clean_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise BadLiteral(f"A text in a rule has at most {MAX_TEXT} characters.")
    if "\x00" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise BadLiteral("A text in a rule may not hold NUL or half of a surrogate pair.")
    return text


def clean_number(number: int | Decimal) -> int | Decimal:
    """An integer if it is whole, otherwise a decimal that JSON's doubles keep unchanged."""
    if isinstance(number, Decimal):
        if not number.is_finite():
            raise BadLiteral("A number must be finite.")
        if number != 0 and not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS + 4:
            raise BadLiteral("This number is too large or too small.")
        whole = int(number)
        if number == whole:
            number = whole
    if isinstance(number, int):
        if abs(number) > MAX_INTEGER:
            raise BadLiteral("An integer must fit into 64 bits.")
        return number
    number = number.normalize()
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise BadLiteral(f"A number has at most {MAX_DIGITS} significant digits.")
    return number


def clean_currency(code: str) -> str:
    try:
        return known_currency(code)
    except ValueError as error:
        raise BadLiteral(str(error)) from None


def money_from_major(number: int | Decimal, currency: str) -> Money:
    minor = Decimal(number).scaleb(exponent(clean_currency(currency)))
    if minor != int(minor):
        raise BadLiteral(f"{currency} has {exponent(currency)} decimals.")
    amount = clean_number(int(minor))
    return Money(int(amount), currency)


def money_as_major(money: Money) -> str:
    return format_number(Decimal(money.amount).scaleb(-exponent(money.currency)))


def format_number(number: int | Decimal) -> str:
    if isinstance(number, int):
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
