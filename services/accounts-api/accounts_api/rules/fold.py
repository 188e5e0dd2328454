"""Case- and accent-insensitive form of a text, the same in Python and in PostgreSQL.

PostgreSQL's `lower` and `unaccent` depend on the server's locale and files, so neither is used: the
text is decomposed (NFKD, which Unicode keeps stable), combining marks are dropped, and letters that
have no decomposition are mapped by the table below. `sql.FUNCTIONS` holds the twin.
"""

import unicodedata
from typing import Final

_GREEK: Final = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩς", "αβγδεζηθικλμνξοπρστυφχψωσ"
_CYRILLIC: Final = (
    "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐ",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґ",
)
_LATIN: Final = "ÆæŒœØøĐđÐðÞþŁłĦħŦŧŊŋıßẞ", "ææœœooddddþþllhhttŋŋißß"
LETTERS: Final = _GREEK[0] + _CYRILLIC[0] + _LATIN[0]
FOLDED: Final = _GREEK[1] + _CYRILLIC[1] + _LATIN[1]
FIRST_MARK: Final = "\u0300"
LAST_MARK: Final = "\u036f"

_TABLE: Final = str.maketrans(
    LETTERS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", FOLDED + "abcdefghijklmnopqrstuvwxyz"
)


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not FIRST_MARK <= c <= LAST_MARK)
    return bare.translate(_TABLE)
