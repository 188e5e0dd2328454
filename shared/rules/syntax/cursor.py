"""A reader's place among the tokens of a text: what every grammar of ours reads with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.tokens import Kind, Token
from shared.rules.syntax.values import BadLiteral, clean_text
from shared.spelling import nearest

MAX_NESTING: Final = 40


class Cursor:
    noun = "rule"

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.index = 0
        self.nesting = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.next
        if token.kind is not Kind.END:
            self.index += 1
        return token

    def skip(self, *words: str) -> bool:
        """Takes the words if they come next, all of them or none."""
        if all(self.peek(i).says(word) for i, word in enumerate(words)):
            self.index += len(words)
            return True
        return False

    def expect(self, *words: str) -> Token:
        token = self.next
        if not any(token.says(word) for word in words):
            raise self.unexpected(" or ".join(f'"{word}"' for word in words), words)
        return self.take()

    def unexpected(self, wanted: str, known: tuple[str, ...] = ()) -> RuleFaulty:
        token = self.next
        found = "the end" if token.kind is Kind.END else token.text
        guess = nearest(token.text, known) if token.kind is Kind.WORD else None
        message = f"Expected {wanted}, found {found}."
        return RuleFaulty([Fault("syntax", message, Place(column=token.column), guess)])

    def bad_value(self, message: str, token: Token) -> RuleFaulty:
        return RuleFaulty([Fault("bad_value", message, Place(column=token.column))])

    @contextmanager
    def nested(self, most: int = MAX_NESTING, told: int = n.MAX_DEPTH) -> Iterator[None]:
        """One level deeper; refuses before Python's own stack ends."""
        self.nesting += 1
        if self.nesting > most:
            message = f"A {self.noun} may be nested {told} deep."
            raise RuleFaulty([Fault("too_deep", message, Place(column=self.next.column))])
        try:
            yield
        finally:
            self.nesting -= 1

    def quoted(self) -> str:
        token = self.next
        if token.kind is not Kind.TEXT:
            raise self.unexpected("a text in double quotation marks")
        text = self.unquoted(self.take())
        if not text:
            raise self.bad_value("This is a text of at least one character.", token)
        return text

    def unquoted(self, token: Token) -> str:
        try:
            return clean_text(json.loads(token.text))
        except BadLiteral as bad:
            raise self.bad_value(str(bad), token) from bad
        except ValueError:
            raise self.bad_value("Escapes in a text are those of JSON.", token) from None
