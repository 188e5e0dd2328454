"""A rule as text: writing it, so that reading it again gives the same tree."""

import json
from collections.abc import Iterable
from decimal import Decimal

from shared.rules.syntax import nodes as n
from shared.rules.syntax.parser import PHRASES, RESERVED
from shared.rules.syntax.tokens import NAME, TIME
from shared.rules.syntax.values import format_number, money_as_major

_QUANTIFIER = {n.Quantifier.ANY: "any", n.Quantifier.ALL: "all", n.Quantifier.NONE: "no"}
_OPERATOR = {
    **n.COMPARISONS,
    **{op: " ".join(words) for words, op in PHRASES},
    n.Op.IN: "in",
    n.Op.IN_PERIOD: "in",
}


def write_text(node: n.Node) -> str:
    match node:
        case n.AllOf(items) if len(items) > 1:
            return " and ".join(_operand(item) for item in items)
        case n.AllOf(items):
            return f"all of ({', '.join(map(write_text, items))})"
        case n.AnyOf(items) if len(items) > 1:
            return " or ".join(_operand(item) for item in items)
        case n.AnyOf(items):
            return f"any of ({', '.join(map(write_text, items))})"
        case n.NotOf(item):
            return f"not ({write_text(item)})"
        case n.Compare(path, op, value):
            written = _value(op, value)
            return " ".join((_name(path), _OPERATOR[op], *written))
        case n.Related(relation, quantifier, where):
            start = f"{_QUANTIFIER[quantifier]} {_name(relation)}"
            return start if where is None else f"{start} ({write_text(where)})"
        case n.RelatedCount(relation, op, count, where):
            inner = "" if where is None else f" where {write_text(where)}"
            return f"count({_name(relation)}{inner}) {n.COMPARISONS[op]} {count}"
        case n.InSegment(segment, segment_op):
            start = "in" if segment_op is n.SegmentOp.MEMBER else "not in"
            return f"{start} segment {quote(segment)}"
        case n.KeyRole(role, role_op, member):
            held = "not held" if role_op in {n.RoleOp.NOT_HELD, n.RoleOp.NOT_HELD_BY} else "held"
            by = "" if member is None else f" by {quote(member)}"
            return f"role {_name(role)} {held}{by}"
        case n.Events(event, days, op, count, where, tally):
            within = f"{days} {'day' if days == 1 else 'days'}"
            inner = "" if where is None else f" where {write_text(where)}"
            counted = tally.replace("_", " ")
            start = f"count({counted} {quote(event)}{inner} within {within})"
            return f"{start} {n.COMPARISONS[op]} {count}"


def _operand(node: n.Node) -> str:
    joined = isinstance(node, n.AllOf | n.AnyOf) and len(node.items) > 1
    return f"({write_text(node)})" if joined else write_text(node)


def _name(name: str) -> str:
    bare = NAME.fullmatch(name) and name.lower() not in RESERVED
    return name if bare else quote(name)


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _value(op: n.Op, value: n.Value) -> Iterable[str]:
    match value:
        case None:
            return ()
        case tuple() if op is n.Op.BETWEEN:
            low, high = value
            return (_scalar(low), "and", _scalar(high))
        case tuple():
            return (f"({', '.join(map(_scalar, value))})",)
        case n.Span():
            return (_span(value),)
        case str() if op is n.Op.IN_PERIOD:
            return (value.replace("_", " "),)
        case str() if n.SHAPE_OF[op] is n.Shape.TEXT:
            return (quote(value),)
        case _:
            return (_scalar(value),)


def _span(span: n.Span) -> str:
    words = str(span.unit).replace("_", " ")
    return f"{span.count} {words[:-1] if span.count == 1 else words}"


def _scalar(value: n.Scalar) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return format_number(value)
        case str():
            return value if TIME.fullmatch(value) else quote(value)
        case n.Money():
            return f"{money_as_major(value)} {value.currency}"
        case n.FromToday(n.Span(0, n.Unit.DAYS)):
            return "today"
        case n.FromToday(span):
            sign = "-" if span.count < 0 else "+"
            return f"today {sign} {_span(n.Span(abs(span.count), span.unit))}"
