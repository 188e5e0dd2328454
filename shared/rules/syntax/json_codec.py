"""A rule as JSON: reading with a pointer to every fault, and writing."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.values import (
    BadLiteral,
    clean_currency,
    clean_number,
    clean_text,
)
from shared.spelling import nearest

E = TypeVar("E", bound=str)

MEMBERS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "all": (frozenset(), frozenset()),
    "any": (frozenset(), frozenset()),
    "not": (frozenset(), frozenset()),
    "field": (frozenset({"op"}), frozenset({"value"})),
    "related": (frozenset(), frozenset({"quantifier", "count", "where"})),
    "segment": (frozenset({"op"}), frozenset()),
    "key_role": (frozenset({"op"}), frozenset({"member"})),
    **{
        str(tally): (frozenset({"within_days", "count"}), frozenset({"where"})) for tally in n.Tally
    },
}
"""The member that names a node, with the members it must and may have beside it."""


def read_json(rule: object) -> n.Node:
    """The tree of a rule given as decoded JSON; raises RuleFaulty with every fault."""
    reader = _Reader()
    node = reader.node(rule, Place(pointer=""), 1)
    if node is None or reader.faults:
        raise RuleFaulty(reader.faults)
    return node


class _Reader:
    """Each method reads one thing, or notes why it cannot and returns None."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.count = 0

    def fault(self, code: str, message: str, place: Place, suggestion: str | None = None) -> None:
        self.faults.append(Fault(code, message, place, suggestion))

    def node(self, given: object, place: Place, depth: int) -> n.Node | None:
        self.count += 1
        if depth > n.MAX_DEPTH:
            self.fault("too_deep", f"A rule may be nested {n.MAX_DEPTH} deep.", place)
            return None
        if self.count > n.MAX_NODES:
            if self.count == n.MAX_NODES + 1:
                self.fault("too_large", f"A rule may have {n.MAX_NODES} conditions.", place)
            return None
        if not isinstance(given, dict):
            self.fault("not_an_object", "A condition is an object.", place)
            return None
        kind = self.kind(given, place)
        if kind is None:
            return None
        match kind:
            case "all" | "any":
                items = self.items(given[kind], place.part(kind), depth)
                return n.AllOf(items, place) if kind == "all" else n.AnyOf(items, place)
            case "not":
                item = self.node(given["not"], place.part("not"), depth + 1)
                return n.NotOf(item, place) if item else None
            case "field":
                return self.compare(given, place)
            case "related":
                return self.related(given, place, depth)
            case "segment":
                segment = self.text(given["segment"], place.part("segment"))
                op = self.word(n.SegmentOp, given["op"], place.part("op"))
                return n.InSegment(segment, op, place) if segment and op else None
            case "key_role":
                return self.key_role(given, place)
            case _:
                return self.events(given, n.Tally(kind), place, depth)

    def kind(self, given: Mapping[str, object], place: Place) -> str | None:
        kinds = [key for key in MEMBERS if key in given]
        if len(kinds) != 1:
            known = ", ".join(MEMBERS)
            found = [nearest(str(key), MEMBERS) for key in given]
            guess = next((word for word in found if word), None)
            code = "ambiguous_condition" if kinds else "unknown_condition"
            self.fault(code, f"A condition has exactly one of {known}.", place, guess)
            return None
        needed, optional = MEMBERS[kinds[0]]
        allowed = {kinds[0], *needed, *optional}
        for key in given:
            if key not in allowed:
                message = f"{key!r} does not belong to a condition on {kinds[0]!r}."
                guess = nearest(str(key), allowed - {kinds[0]})
                self.fault("unknown_member", message, place.part(key), guess)
        missing = sorted(needed - given.keys())
        for key in missing:
            message = f"A condition on {kinds[0]!r} needs {key!r}."
            self.fault("missing_member", message, place.part(key))
        return None if missing else kinds[0]

    def items(self, given: object, place: Place, depth: int) -> tuple[n.Node, ...]:
        if not isinstance(given, list):
            self.fault("not_a_list", "This is a list of conditions.", place)
            return ()
        read = (self.node(item, place.part(i), depth + 1) for i, item in enumerate(given))
        return tuple(item for item in read if item is not None)

    def compare(self, given: Mapping[str, object], place: Place) -> n.Node | None:
        path = self.text(given["field"], place.part("field"))
        op = self.word(n.Op, given["op"], place.part("op"))
        if op is None:
            return None
        at, shape, value = place.part("value"), n.SHAPE_OF[op], given.get("value")
        if shape is n.Shape.NOTHING:
            if "value" in given:
                self.fault("unexpected_value", f"{op} takes no value.", at)
            return n.Compare(path, op, None, place) if path else None
        if "value" not in given:
            self.fault("missing_value", f"{op} needs {shape}.", at)
            return None
        read = self.value(value, shape, at)
        return n.Compare(path, op, read, place) if path and read is not None else None

    def value(self, given: object, shape: n.Shape, place: Place) -> n.Value:
        match shape:
            case n.Shape.ONE:
                return self.scalar(given, place)
            case n.Shape.TEXT:
                return self.text(given, place)
            case n.Shape.LIST | n.Shape.PAIR:
                return self.list(given, shape, place)
            case n.Shape.SPAN:
                return self.span(given, place, least=0)
            case _:
                return self.period(given, place)

    def scalar(self, given: object, place: Place) -> n.Scalar | None:
        try:
            match given:
                case bool():
                    return given
                case int():
                    return clean_number(given)
                case float():
                    if not math.isfinite(given):
                        raise BadLiteral("A number must be finite.")
                    # repr is the shortest decimal that reads back as this double
                    return clean_number(Decimal(repr(given)))
                case Decimal():
                    return clean_number(given)
                case str():
                    return clean_text(given)
                case {"from_today": span, **rest} if not rest:
                    moved = self.span(span, place.part("from_today"), least=-n.MAX_SPAN)
                    return n.FromToday(moved) if moved else None
                case {"amount": int() as amount, "currency": str() as currency, **rest} if (
                    not rest and not isinstance(amount, bool)
                ):
                    return n.Money(int(clean_number(amount)), clean_currency(currency))
        except BadLiteral as bad:
            self.fault("bad_value", str(bad), place)
            return None
        if given is None:
            self.fault("bad_value", "null is no value to compare with.", place, "is_empty")
        else:
            message = "A value is a text, a number, true, false, money or a date from today."
            self.fault("bad_value", message, place)
        return None

    def list(self, given: object, shape: n.Shape, place: Place) -> tuple[n.Scalar, ...] | None:
        if not isinstance(given, list):
            self.fault("bad_value", f"This operator needs {shape}.", place)
            return None
        if shape is n.Shape.PAIR and len(given) != 2:  # noqa: PLR2004 - the two ends of a range
            self.fault("bad_value", f"This operator needs {shape}.", place)
            return None
        if not 1 <= len(given) <= n.MAX_VALUES:
            self.fault("bad_value", f"A list has 1 to {n.MAX_VALUES} values.", place)
            return None
        read = [self.scalar(item, place.part(i)) for i, item in enumerate(given)]
        found = tuple(item for item in read if item is not None)
        return found if len(found) == len(given) else None

    def span(self, given: object, place: Place, least: int) -> n.Span | None:
        if not isinstance(given, dict) or len(given) != 1:
            self.fault("bad_value", f"This is {n.Shape.SPAN}.", place)
            return None
        unit = self.word(n.Unit, next(iter(given)), place)
        if unit is None:
            return None
        count = self.integer(given[unit], place.part(unit), least, n.MAX_SPAN)
        return None if count is None else n.Span(count, unit)

    def period(self, given: object, place: Place) -> str | None:
        if isinstance(given, str) and given in n.PERIODS:
            return given
        guess = nearest(given, n.PERIODS) if isinstance(given, str) else None
        self.fault("bad_value", f"A period is one of {', '.join(n.PERIODS)}.", place, guess)
        return None

    def related(self, given: Mapping[str, object], place: Place, depth: int) -> n.Node | None:
        relation = self.text(given["related"], place.part("related"))
        where = None
        if "where" in given:
            where = self.node(given["where"], place.part("where"), depth + 1)
            if where is None:
                return None
        if ("count" in given) == ("quantifier" in given):
            message = "A condition on related records has either a quantifier or a count."
            self.fault("missing_member", message, place)
            return None
        if "quantifier" in given:
            word = self.word(n.Quantifier, given["quantifier"], place.part("quantifier"))
            return n.Related(relation, word, where, place) if relation and word else None
        counted = self.counted(given["count"], place.part("count"))
        return n.RelatedCount(relation, *counted, where, place) if relation and counted else None

    def counted(self, given: object, place: Place) -> tuple[n.Op, int] | None:
        if not isinstance(given, dict) or given.keys() != {"op", "value"}:
            message = 'A count is compared like {"op": "gte", "value": 2}.'
            self.fault("bad_value", message, place)
            return None
        op = self.word(n.Op, given["op"], place.part("op"))
        count = self.integer(given["value"], place.part("value"), 0, n.MAX_INTEGER)
        if op is not None and op not in n.COMPARISONS:
            words = ", ".join(n.COMPARISONS)
            self.fault("bad_operator", f"A count is compared by {words}.", place.part("op"))
            return None
        return None if op is None or count is None else (op, count)

    def key_role(self, given: Mapping[str, object], place: Place) -> n.Node | None:
        role = self.text(given["key_role"], place.part("key_role"))
        op = self.word(n.RoleOp, given["op"], place.part("op"))
        wanted = op in {n.RoleOp.HELD_BY, n.RoleOp.NOT_HELD_BY}
        if op and wanted != ("member" in given):
            message = f"{op} needs a member." if wanted else f"{op} takes no member."
            self.fault("missing_member" if wanted else "unknown_member", message, place)
            return None
        member = self.text(given["member"], place.part("member")) if "member" in given else None
        return n.KeyRole(role, op, member, place) if role and op else None

    def events(
        self, given: Mapping[str, object], tally: n.Tally, place: Place, depth: int
    ) -> n.Node | None:
        event = self.text(given[tally], place.part(tally))
        days = self.integer(given["within_days"], place.part("within_days"), 1, n.MAX_SPAN)
        counted = self.counted(given["count"], place.part("count"))
        where = None
        if "where" in given:
            where = self.node(given["where"], place.part("where"), depth + 1)
            if where is None:
                return None
        if not (event and days and counted):
            return None
        return n.Events(event, days, *counted, where, tally, place)

    def integer(self, given: object, place: Place, least: int, most: int) -> int | None:
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            self.fault("bad_value", f"This is a whole number from {least} to {most}.", place)
            return None
        return given

    def text(self, given: object, place: Place) -> str | None:
        if not isinstance(given, str) or not given:
            self.fault("bad_value", "This is a text of at least one character.", place)
            return None
        try:
            return clean_text(given)
        except BadLiteral as bad:
            self.fault("bad_value", str(bad), place)
            return None

    def word(self, words: type[E], given: object, place: Place) -> E | None:
        known = [str(word) for word in words]  # type: ignore[attr-defined] # E is a StrEnum
        if isinstance(given, str) and given in known:
            return words(given)
        guess = nearest(given, known) if isinstance(given, str) else None
        self.fault("unknown_word", f"Expected one of {', '.join(known)}.", place, guess)
        return None


def write_json(node: n.Node) -> dict[str, Any]:
    match node:
        case n.AllOf(items):
            return {"all": [write_json(item) for item in items]}
        case n.AnyOf(items):
            return {"any": [write_json(item) for item in items]}
        case n.NotOf(item):
            return {"not": write_json(item)}
        case n.Compare(path, op, value):
            written: dict[str, Any] = {"field": path, "op": str(op)}
            return written if value is None else {**written, "value": _write_value(value)}
        case n.Related(relation, quantifier, where):
            written = {"related": relation, "quantifier": str(quantifier)}
            return written if where is None else {**written, "where": write_json(where)}
        case n.RelatedCount(relation, op, count, where):
            written = {"related": relation, "count": {"op": str(op), "value": count}}
            return written if where is None else {**written, "where": write_json(where)}
        case n.InSegment(segment, segment_op):
            return {"segment": segment, "op": str(segment_op)}
        case n.KeyRole(role, role_op, member):
            written = {"key_role": role, "op": str(role_op)}
            return written if member is None else {**written, "member": member}
        case n.Events(event, days, op, count, where, tally):
            matching = {} if where is None else {"where": write_json(where)}
            counted = {"op": str(op), "value": count}
            return {str(tally): event, **matching, "within_days": days, "count": counted}


def _write_value(value: n.Value) -> object:
    match value:
        case tuple():
            return [_write_value(item) for item in value]
        case Decimal():
            return float(value)
        case n.Money(amount, currency):
            return {"amount": amount, "currency": currency}
        case n.Span(count, unit):
            return {str(unit): count}
        case n.FromToday(span):
            return {"from_today": _write_value(span)}
        case _:
            return value
