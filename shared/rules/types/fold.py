"""Case- and accent-insensitive form of a text, the same in Python and in PostgreSQL.

PostgreSQL's `lower` and `unaccent` depend on the server's locale and files, so neither is used: the
text is decomposed (NFKD, which Unicode keeps stable), combining marks are dropped, what is left is
composed again, so that a Korean syllable or a voiced kana is one letter and not found by its parts,
and letters that have no decomposition are mapped by the table below. `sql.FUNCTIONS` holds the
twin.
"""

import re
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
DROPPED: Final = "\u0300-\u036f\u11a7"
"""Combining marks, and a vowel of Old Korean that PostgreSQL swallows when it composes: the part of
a pattern that stands in brackets.
"""

_DROPPED: Final = re.compile(f"[{DROPPED}]+")

_TABLE: Final = str.maketrans(
    LETTERS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", FOLDED + "abcdefghijklmnopqrstuvwxyz"
)


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _DROPPED.sub("", decomposed)).translate(_TABLE)
