"""A formula as text: writing it, so that reading it again gives the same tree."""

from decimal import Decimal
from typing import Final

from accounts_api.language.formulas import nodes as n
from shared.rules.syntax.nodes import Money
from shared.rules.syntax.printer import quote, write_text
from shared.rules.syntax.values import format_number, money_as_major

_NOT: Final = 3
_COMPARED: Final = 4
_SUM: Final = 5
_SIGNED: Final = 7
_BINDING: Final[dict[str, int]] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(n.COMPARISONS, _COMPARED),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/"), 6),
}
"""How tightly each operator binds; operands that bind less stand in parentheses."""


def write_formula(node: n.Node) -> str:
    return _write(node, 0)


def _write(node: n.Node, least: int) -> str:
    text, binding = _bare(node)
    return f"({text})" if binding < least else text


def _bare(node: n.Node) -> tuple[str, int]:
    match node:
        case n.Literal(value):
            return _scalar(value), _SIGNED + 1
        case n.Name(path):
            return path, _SIGNED + 1
        case n.Call(function, arguments):
            return f"{function}({', '.join(map(write_formula, arguments))})", _SIGNED + 1
        case n.RollUp(function, path, by, where):
            order = "" if by is None else f" by {by}"
            condition = "" if where is None else f" where {write_text(where)}"
            return f"{function}({path}{order}{condition})", _SIGNED + 1
        case n.Prefix("not", item):
            return f"not {_write(item, _NOT)}", _NOT
        case n.Prefix(_, item):
            # a minus before a digit would become part of the number
            digit = isinstance(item, n.Literal) and _scalar(item.value)[0].isdigit()
            return f"-({_write(item, 0)})" if digit else f"-{_write(item, _SIGNED)}", _SIGNED
        case n.Empty(item, negated):
            word = "is not empty" if negated else "is empty"
            return f"{_write(item, _COMPARED + 1)} {word}", _COMPARED
        case n.Infix(operator, left, right):
            binding = _BINDING[operator]
            first = binding + (binding == _COMPARED)
            written = f"{_write(left, first)} {operator} {_write(right, binding + 1)}"
            return written, binding


def _scalar(value: n.Scalar) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return format_number(value)
        case str():
            return quote(value)
        case n.Time(text):
            return text
        case Money():
            return f"{money_as_major(value)} {value.currency}"
