"""A formula as text: reading it with the column of the fault."""

from decimal import Decimal
from typing import Final

from accounts_api.language.formulas import nodes as n
from shared.rules.syntax import nodes as rules
from shared.rules.syntax.cursor import Cursor
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.parser import CURRENCY, RuleParser, must_be_small
from shared.rules.syntax.tokens import Kind, Token, tokens
from shared.rules.syntax.values import BadLiteral, clean_number, money_from_major

RESERVED: Final = frozenset(
    ["and", "or", "not", "is", "empty", "where", "by", "true", "false", "null"]
)
CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_MOST_NESTED: Final = 30
"""Parentheses, calls and minus signs within each other: each is some nine calls of the parser."""


def read_formula(text: str) -> n.Node:
    """The tree of a formula; raises RuleFaulty at the first fault."""
    if len(text) > n.MAX_PRINTED:
        message = f"A formula has at most {n.MAX_TEXT} characters."
        raise RuleFaulty([Fault("too_large", message, Place(column=1))])
    node = _Parser(tokens(text, arithmetic=True)).formula()
    for count, (inner, depth) in enumerate(n.walk(node), 1):
        if count > n.MAX_NODES:
            message = f"A formula may have {n.MAX_NODES} parts."
            raise RuleFaulty([Fault("too_large", message, inner.place)])
        if depth > n.MAX_DEPTH:
            message = f"A formula may be nested {n.MAX_DEPTH} deep."
            raise RuleFaulty([Fault("too_deep", message, inner.place)])
    return node


class _Parser(Cursor):
    noun = "formula"

    def formula(self) -> n.Node:
        node = self.either()
        if self.next.kind is not Kind.END:
            raise self.unexpected("an operator or the end", ("and", "or", "is"))
        return node

    def either(self) -> n.Node:
        with self.nested(_MOST_NESTED, _MOST_NESTED):
            node = self.both()
            while self.next.says("or"):
                place = self.here()
                self.take()
                node = n.Infix("or", node, self.both(), place)
            return node

    def both(self) -> n.Node:
        node = self.negation()
        while self.next.says("and"):
            place = self.here()
            self.take()
            node = n.Infix("and", node, self.negation(), place)
        return node

    def negation(self) -> n.Node:
        place = self.here()
        if self.skip("not"):
            with self.nested(_MOST_NESTED, _MOST_NESTED):
                return n.Prefix("not", self.negation(), place)
        return self.comparison()

    def comparison(self) -> n.Node:
        left, place = self.sum(), self.here()
        if self.next.kind is Kind.SIGN and self.next.text in n.COMPARISONS:
            return n.Infix(self.take().text, left, self.sum(), place)
        if self.skip("is"):
            negated = self.skip("not")
            self.expect("empty")
            return n.Empty(left, negated, place)
        return left

    def sum(self) -> n.Node:
        node = self.product()
        while True:
            place = self.here()
            self.part_minus()
            if not (self.next.says("+") or self.next.says("-")):
                return node
            node = n.Infix(self.take().text, node, self.product(), place)

    def part_minus(self) -> None:
        """After a value, the minus of `-5` is an operator."""
        token = self.next
        if token.kind is Kind.NUMBER and token.text.startswith("-"):
            number = Token(Kind.NUMBER, token.text[1:], token.column + 1)
            minus = Token(Kind.SIGN, "-", token.column)
            self.tokens[self.index : self.index + 1] = [minus, number]

    def product(self) -> n.Node:
        node = self.signed()
        while self.next.says("*") or self.next.says("/"):
            place = self.here()
            node = n.Infix(self.take().text, node, self.signed(), place)
        return node

    def signed(self) -> n.Node:
        place = self.here()
        if self.skip("-"):
            with self.nested(_MOST_NESTED, _MOST_NESTED):
                return n.Prefix("-", self.signed(), place)
        return self.single()

    def single(self) -> n.Node:
        token, place = self.next, self.here()
        if self.skip("("):
            node = self.either()
            self.expect(")")
            return node
        if token.kind in {Kind.TEXT, Kind.TIME, Kind.NUMBER}:
            return n.Literal(self.literal(), place)
        if token.kind is not Kind.WORD:
            raise self.unexpected("a value")
        word = token.text.lower()
        if word in CONSTANTS:
            self.take()
            return n.Literal(CONSTANTS[word], place)
        if word in RESERVED:
            raise self.unexpected("a value")
        if self.peek().says("("):
            return self.called(word, place)
        return n.Name(self.take().text, place)

    def literal(self) -> n.Scalar:
        token = self.take()
        try:
            if token.kind is Kind.TEXT:
                return self.unquoted(token)
            if token.kind is Kind.TIME:
                return n.Time(token.text)
            number = Decimal(token.text)
            unit = self.next
            if unit.kind is Kind.WORD and CURRENCY.fullmatch(unit.text) and not unit.says("and"):
                return money_from_major(number, self.take().text)
            return clean_number(number)
        except BadLiteral as bad:
            raise self.bad_value(str(bad), token) from bad

    def called(self, function: str, place: Place) -> n.Node:
        after = self.peek(3)
        alone = after.says(")") or after.says("where") or after.says("by")
        named = self.peek(2).kind is Kind.WORD and alone
        self.take()
        self.take()
        if function in {"count", "sum", "latest"} or (function in n.ROLL_UPS and named):
            return self.roll_up(function, place)
        arguments: list[n.Node] = []
        while not self.skip(")"):
            if arguments:
                self.expect(",", ")")
            arguments.append(self.either())
        return n.Call(function, tuple(arguments), place)

    def roll_up(self, function: str, place: Place) -> n.Node:
        path_at = self.next.column
        path = self.path("the name of a relation, such as opportunities")
        by_at, by = self.next.column, None
        if self.skip("by"):
            by_at, by = self.next.column, self.path("the name of a field")
        where = self.rule() if self.skip("where") else None
        self.expect(")")
        columns = (("path", path_at), ("by", by_at))
        return n.RollUp(function, path, by, where, Place(column=place.column, columns=columns))

    def rule(self) -> rules.Node:
        """A condition of the rule language, up to the parenthesis that closes the roll-up."""
        inner = RuleParser(self.tokens)
        inner.index = self.index
        node = inner.either()
        must_be_small(node)
        self.index = inner.index
        return node

    def path(self, wanted: str) -> str:
        token = self.next
        if token.kind is not Kind.WORD or token.text.lower() in RESERVED:
            raise self.unexpected(wanted)
        return self.take().text

    def here(self) -> Place:
        return Place(column=self.next.column)
