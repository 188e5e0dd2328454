"""A rule as text: reading it with the column of the fault."""

import re
from decimal import Decimal
from typing import Final

from shared.rules.syntax import nodes as n
from shared.rules.syntax.cursor import Cursor
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.tokens import Kind, tokens
from shared.rules.syntax.values import BadLiteral, clean_number, money_from_major

RESERVED: Final = frozenset(
    [
        "and",
        "or",
        "not",
        "any",
        "all",
        "no",
        "none",
        "of",
        "count",
        "events",
        "where",
        "in",
        "segment",
        "role",
        "held",
        "by",
        "within",
        "today",
        "true",
        "false",
    ]
)
UNIT_WORDS: Final = {
    **{str(unit): unit for unit in n.Unit if unit is not n.Unit.BUSINESS_DAYS},
    **{str(unit)[:-1]: unit for unit in n.Unit if unit is not n.Unit.BUSINESS_DAYS},
}
SYMBOLS: Final = {sign: op for op, sign in n.COMPARISONS.items()}
QUANTIFIERS: Final = {
    "any": n.Quantifier.ANY,
    "all": n.Quantifier.ALL,
    "no": n.Quantifier.NONE,
    "none": n.Quantifier.NONE,
}
CURRENCY: Final = re.compile("[A-Z]{3}")
# What is meant by words and signs that other languages have here.
MEANT: Final = {
    **dict.fromkeys(("like", "ilike", "includes", "matches"), "contains"),
    **dict.fromkeys(("eq", "equal", "equals"), "="),
    **dict.fromkeys(("minute", "minutes", "min"), "hours"),
    **dict.fromkeys(("quarter", "quarters"), "months"),
}
NOTHING: Final = frozenset(["null", "none", "nil", "undefined"])


def read_text(text: str) -> n.Node:
    """The tree of a rule given as text; raises RuleFaulty at the first fault."""
    node = RuleParser(tokens(text)).rule()
    must_be_small(node)
    return node


def must_be_small(node: n.Node) -> None:
    """Raises RuleFaulty for a rule that has too many conditions, or nested too deep."""
    for count, (inner, depth) in enumerate(n.walk(node), 1):
        if count > n.MAX_NODES:
            message = f"A rule may have {n.MAX_NODES} conditions."
            raise RuleFaulty([Fault("too_large", message, inner.place)])
        if depth > n.MAX_DEPTH:
            message = f"A rule may be nested {n.MAX_DEPTH} deep."
            raise RuleFaulty([Fault("too_deep", message, inner.place)])


class RuleParser(Cursor):
    def rule(self) -> n.Node:
        node = self.either()
        if self.next.kind is not Kind.END:
            raise self.unexpected('"and", "or" or the end', ("and", "or"))
        return node

    def either(self) -> n.Node:
        place, items = Place(column=self.next.column), [self.both()]
        while self.skip("or"):
            items.append(self.both())
        return items[0] if len(items) == 1 else n.AnyOf(tuple(items), place)

    def both(self) -> n.Node:
        place, items = Place(column=self.next.column), [self.single()]
        while self.skip("and"):
            items.append(self.single())
        return items[0] if len(items) == 1 else n.AllOf(tuple(items), place)

    def single(self) -> n.Node:
        with self.nested():
            return self.condition()

    def condition(self) -> n.Node:
        place = Place(column=self.next.column)
        if self.next.says("not") and not self.peek().says("in"):
            self.take()
            return n.NotOf(self.single(), place)
        if self.skip("("):
            node = self.either()
            self.expect(")")
            return node
        if self.skip("in", "segment"):
            return n.InSegment(self.quoted(), n.SegmentOp.MEMBER, place)
        if self.skip("not", "in", "segment"):
            return n.InSegment(self.quoted(), n.SegmentOp.NOT_MEMBER, place)
        for word, make in (("all", n.AllOf), ("any", n.AnyOf)):
            if self.skip(word, "of"):
                return make(self.conditions(), place)
        if self.next.kind is Kind.WORD and self.next.text.lower() in QUANTIFIERS:
            quantifier = QUANTIFIERS[self.take().text.lower()]
            relation, where = self.name("the name of a relation"), None
            if self.skip("("):
                where = self.either()
                self.expect(")")
            return n.Related(relation, quantifier, where, place)
        if self.skip("count"):
            return self.counting(place)
        if self.skip("role"):
            return self.role(place)
        return self.compare()

    def conditions(self) -> tuple[n.Node, ...]:
        self.expect("(")
        items: list[n.Node] = []
        while not self.skip(")"):
            if items:
                self.expect(",")
            items.append(self.either())
        return tuple(items)

    def counting(self, place: Place) -> n.Node:
        self.expect("(")
        tally = self.tally()
        if tally is not None:
            event, where = self.quoted(), None
            if self.skip("where"):
                where = self.either()
            self.expect("within")
            days = self.whole(1, n.MAX_SPAN)
            self.expect("days", "day")
            self.expect(")")
            return n.Events(event, days, self.symbol(), self.whole(0), where, tally, place)
        relation, where = self.name("events, or the name of a relation"), None
        if self.skip("where"):
            where = self.either()
        self.expect(")")
        return n.RelatedCount(relation, self.symbol(), self.whole(0), where, place)

    def tally(self) -> n.Tally | None:
        if self.skip("events"):
            return n.Tally.EVENTS
        if self.skip("active", "contacts"):
            return n.Tally.CONTACTS
        return n.Tally.DAYS if self.skip("active", "days") else None

    def role(self, place: Place) -> n.Node:
        role = self.name("the key of a role")
        negated = self.skip("not")
        self.expect("held")
        if self.skip("by"):
            op = n.RoleOp.NOT_HELD_BY if negated else n.RoleOp.HELD_BY
            return n.KeyRole(role, op, self.quoted(), place)
        return n.KeyRole(role, n.RoleOp.NOT_HELD if negated else n.RoleOp.HELD, None, place)

    def compare(self) -> n.Node:
        start = self.next.column
        path = self.name("a field")
        operator = self.next.column
        op = self.operator()
        value_at = self.next.column
        value = self.value(op)
        columns = (("field", start), ("op", operator), ("value", value_at))
        return n.Compare(path, op, value, Place(column=start, columns=columns))

    def operator(self) -> n.Op:
        token = self.next
        if token.text in SYMBOLS:
            return self.comparison()
        for words, op in PHRASES:
            if self.skip(*words):
                return op
        if token.says("in") and any(self.peek().says(word) for word in ("this", "next", "last")):
            self.take()
            return n.Op.IN_PERIOD
        if self.skip("in"):
            return n.Op.IN
        raise self.foreign("an operator", OPERATOR_WORDS)

    def comparison(self) -> n.Op:
        sign = self.take()
        doubled = sign.text + self.next.text
        if doubled in {"==", "<>"} and self.next.column == sign.column + 1:
            meant = "=" if doubled == "==" else "!="
            fault = Fault("syntax", f"Write {meant}.", Place(column=sign.column), meant)
            raise RuleFaulty([fault])
        return SYMBOLS[sign.text]

    def value(self, op: n.Op) -> n.Value:
        match n.SHAPE_OF[op]:
            case n.Shape.NOTHING:
                return None
            case n.Shape.ONE:
                return self.scalar()
            case n.Shape.TEXT:
                return self.quoted()
            case n.Shape.LIST:
                return self.values()
            case n.Shape.PAIR:
                low = self.scalar()
                self.expect("and")
                return (low, self.scalar())
            case n.Shape.SPAN:
                return self.span(self.whole(0))
            case n.Shape.PERIOD:
                return self.period()

    def scalar(self) -> n.Scalar:
        token = self.next
        try:
            if token.kind is Kind.TEXT:
                return self.unquoted(self.take())
            if token.kind is Kind.TIME:
                return self.take().text
            if token.kind is Kind.NUMBER:
                number = Decimal(self.take().text)
                if CURRENCY.fullmatch(self.next.text) and not self.next.says("and"):
                    return money_from_major(number, self.take().text)
                return clean_number(number)
        except BadLiteral as bad:
            raise self.bad_value(str(bad), token) from bad
        if self.skip("true"):
            return True
        if self.skip("false"):
            return False
        if self.skip("today"):
            return n.FromToday(self.move())
        if token.kind is not Kind.WORD:
            raise self.unexpected("a value")
        if token.text.lower() in NOTHING:
            message = f"Nothing is compared with {token.text}: write `is empty` or `is not empty`."
            raise self.refused(message, "is empty")
        message = f"Expected a value, found {token.text}. Texts stand in double quotation marks."
        raise self.refused(message, f'"{token.text}"')

    def foreign(self, wanted: str, known: tuple[str, ...]) -> RuleFaulty:
        """As `unexpected`, for what may be a word of another language."""
        meant = MEANT.get(self.next.text.lower())
        if meant is None:
            return self.unexpected(wanted, known)
        return self.refused(f"Expected {wanted}, found {self.next.text}.", meant)

    def refused(self, message: str, suggestion: str) -> RuleFaulty:
        return RuleFaulty([Fault("syntax", message, Place(column=self.next.column), suggestion)])

    def move(self) -> n.Span:
        """What follows `today`: nothing, or a signed length of time."""
        if self.skip("+"):
            return self.span(self.whole())
        if self.skip("-"):
            return self.span(-self.whole())
        if self.next.kind is Kind.NUMBER and self.next.text.startswith("-"):
            return self.span(self.whole())
        return n.Span(0, n.Unit.DAYS)

    def values(self) -> tuple[n.Scalar, ...]:
        if not self.skip("("):
            return (self.scalar(),)
        items = [self.scalar()]
        while not self.skip(")"):
            self.expect(",", ")")
            items.append(self.scalar())
        if len(items) > n.MAX_VALUES:
            raise self.bad_value(f"A list has 1 to {n.MAX_VALUES} values.", self.next)
        return tuple(items)

    def span(self, count: int) -> n.Span:
        if abs(count) > n.MAX_SPAN:
            at = self.tokens[self.index - 1]
            raise self.bad_value(f"A length of time has at most {n.MAX_SPAN} units.", at)
        if self.skip("business"):
            self.expect("days", "day")
            return n.Span(count, n.Unit.BUSINESS_DAYS)
        unit = UNIT_WORDS.get(self.next.text.lower())
        if unit is None:
            raise self.foreign("a unit such as days", tuple(UNIT_WORDS))
        self.take()
        return n.Span(count, unit)

    def period(self) -> str:
        which = self.expect("this", "next", "last").text.lower()
        if self.skip("fiscal"):
            length = "fiscal_" + self.expect("quarter", "year").text.lower()
        else:
            if self.next.text.lower() in {"quarter", "year"}:
                length = self.next.text.lower()
                message = f"Years and quarters are those of the workspace: fiscal {length}."
                raise self.refused(message, f"fiscal {length}")
            length = self.expect("week", "month", "fiscal").text.lower()
        return f"{which}_{length}"

    def whole(self, least: int = -n.MAX_INTEGER, most: int = n.MAX_INTEGER) -> int:
        token = self.next
        if token.kind is not Kind.NUMBER or "." in token.text:
            raise self.unexpected("a whole number")
        number = int(self.take().text) if len(token.text) <= len(str(n.MAX_INTEGER)) else None
        if number is None or abs(number) > n.MAX_INTEGER:
            raise self.bad_value("An integer must fit into 64 bits.", token)
        if not least <= number <= most:
            upwards = f" to {most}" if most < n.MAX_INTEGER else ""
            raise self.bad_value(f"This is a whole number from {least}{upwards}.", token)
        return number

    def symbol(self) -> n.Op:
        if self.next.text not in SYMBOLS:
            raise self.unexpected("one of " + " ".join(SYMBOLS))
        return SYMBOLS[self.take().text]

    def name(self, wanted: str) -> str:
        token = self.next
        if token.kind is Kind.WORD and token.text.lower() not in RESERVED:
            return self.take().text
        if token.kind is Kind.TEXT:
            return self.quoted()
        raise self.unexpected(wanted)


PHRASES: Final[tuple[tuple[tuple[str, ...], n.Op], ...]] = (
    (("not", "in"), n.Op.NOT_IN),
    (("between",), n.Op.BETWEEN),
    (("contains",), n.Op.CONTAINS),
    (("not", "contains"), n.Op.NOT_CONTAINS),
    (("starts", "with"), n.Op.STARTS_WITH),
    (("ends", "with"), n.Op.ENDS_WITH),
    (("is", "empty"), n.Op.IS_EMPTY),
    (("is", "not", "empty"), n.Op.NOT_EMPTY),
    (("is", "past"), n.Op.PAST),
    (("is", "future"), n.Op.FUTURE),
    (("on",), n.Op.ON),
    (("before",), n.Op.BEFORE),
    (("after",), n.Op.AFTER),
    (("within", "next"), n.Op.WITHIN_NEXT),
    (("within", "last"), n.Op.WITHIN_LAST),
    (("anniversary", "within"), n.Op.ANNIVERSARY_WITHIN),
    (("changed", "within"), n.Op.CHANGED_WITHIN),
    (("has", "any"), n.Op.HAS_ANY),
    (("has", "all"), n.Op.HAS_ALL),
    (("has", "none"), n.Op.HAS_NONE),
)
OPERATOR_WORDS: Final = ("in", *dict.fromkeys(words[0] for words, _ in PHRASES))
