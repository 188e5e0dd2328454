"""The words of a rule's text form, each with its column."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.nodes import MAX_RULE_TEXT


class Kind(StrEnum):
    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    column: int

    def says(self, word: str) -> bool:
        """Keywords are the same in any case; names and texts are not compared with this."""
        return self.kind in {Kind.WORD, Kind.SIGN} and self.text.lower() == word


TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?", re.ASCII
)
NAME: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)


def _any_token(more_signs: str = "") -> re.Pattern[str]:
    return re.compile(
        r"(?P<space>\s+)"
        r'|(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")'
        rf"|(?P<time>{TIME.pattern})(?![\w.])"
        r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
        rf"|(?P<word>{NAME.pattern})(?!\.)"
        rf"|(?P<sign><=|>=|!=|[<>=(),+{more_signs}-])",
        re.ASCII,
    )


_TOKEN: Final = _any_token()
_DIGITS: Final = frozenset("0123456789")
_WITH_ARITHMETIC: Final = _any_token("*/")


def tokens(text: str, *, arithmetic: bool = False) -> list[Token]:
    """The tokens of `text`, closed by one of kind END; raises RuleFaulty at what is none."""
    if len(text) > MAX_RULE_TEXT:
        message = f"A rule has at most {MAX_RULE_TEXT} characters."
        raise RuleFaulty([Fault("too_large", message, Place(column=1))])
    found: list[Token] = []
    position, token = 0, _WITH_ARITHMETIC if arithmetic else _TOKEN
    while position < len(text):
        match = token.match(text, position)
        if match is None or match.lastgroup is None:
            raise RuleFaulty([_unreadable(text, position)])
        if match.lastgroup != "space":
            found.append(Token(Kind(match.lastgroup), match.group(), position + 1))
        position = match.end()
    found.append(Token(Kind.END, "", len(text) + 1))
    return found


def _unreadable(text: str, position: int) -> Fault:
    place = Place(column=position + 1)
    match text[position]:
        case '"':
            return Fault("unfinished_text", "This text has no closing quotation mark.", place)
        case "'" | "\u2018" | "\u2019" | "\u201c" | "\u201d":
            return Fault("bad_character", "Texts stand in double quotation marks.", place, '"')
        case "&" | "|" | "!":
            words = {"&": "and", "|": "or", "!": "not"}
            word = words[text[position]]
            return Fault("bad_character", f"Write {word!r}.", place, word)
        case digit if digit in _DIGITS:
            message = "A number is written like 50000 or -12.5, and a day like 2026-01-31."
            return Fault("bad_character", message, place)
        case "$" | "\u20ac" | "\u00a3" | "\u00a5":
            message = "An amount of money is written like 50000 USD."
            return Fault("bad_character", message, place)
        case "`":
            message = "Names of several words stand in double quotation marks."
            return Fault("bad_character", message, place, '"')
        case character if character.isspace():
            return Fault("bad_character", f"{character!r} is no plain space.", place, " ")
        case character:
            return Fault("bad_character", f"{character!r} has no meaning here.", place)
