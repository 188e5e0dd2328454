"""Currencies that exist (ISO 4217): what is paid with somewhere today, and units of account."""

from functools import cache
from typing import Final

from babel.core import get_global

_NO_CURRENCIES: Final = frozenset({"XXX", "XTS", "CNH"})
"""Codes for none and for tests, and the name that traders give the yuan abroad."""


@cache
def currencies() -> frozenset[str]:
    in_use = {
        code
        for place, used in get_global("territory_currencies").items()
        for code, _, ended, *_ in used
        if ended is None and place != "ZZ"
    }
    return frozenset(in_use) - _NO_CURRENCIES


def known_currency(code: str) -> str:
    """Raises `ValueError` for one that is no more, or never was."""
    if code not in currencies():
        raise ValueError("Use a currency of ISO 4217 that is in use, such as USD.")
    return code
