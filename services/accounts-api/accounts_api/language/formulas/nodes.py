"""The tree of a formula as it was written: names unresolved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from shared.rules.syntax import nodes as rules
from shared.rules.syntax.faults import Place

MAX_TEXT: Final = 5_000
MAX_PRINTED: Final = 4 * MAX_TEXT
"""What is kept has spaces that nobody wrote."""
MAX_NODES: Final = 300
MAX_DEPTH: Final = 40
MAX_HOPS: Final = 3

ROLL_UPS: Final = ("count", "sum", "min", "max", "latest")
COMPARISONS: Final = tuple(rules.COMPARISONS.values())


@dataclass(frozen=True, slots=True)
class Time:
    """A date or an instant in its ISO form."""

    text: str


Scalar = str | int | Decimal | bool | rules.Money | Time | None


@dataclass(frozen=True, slots=True)
class Literal:
    value: Scalar
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    path: str
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Node", ...]
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class RollUp:
    function: str
    path: str
    by: str | None = None
    where: rules.Node | None = None
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Prefix:
    """`-` or `not`."""

    operator: str
    item: "Node"
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Infix:
    operator: str
    left: "Node"
    right: "Node"
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    item: "Node"
    negated: bool
    place: Place = field(default_factory=Place, compare=False)


Node = Literal | Name | Call | RollUp | Prefix | Infix | Empty


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Call(arguments=arguments):
            return arguments
        case Infix(left=left, right=right):
            return (left, right)
        case Prefix(item=item) | Empty(item=item):
            return (item,)
        case _:
            return ()


def with_segments(node: Node, names: Mapping[str, str]) -> Node:
    """The same formula, the segments of its conditions named by what `names` has for them."""
    match node:
        case RollUp(where=where) if where is not None:
            return replace(node, where=rules.with_segments(where, names))
        case Call(arguments=arguments):
            return replace(node, arguments=tuple(with_segments(one, names) for one in arguments))
        case Infix(left=left, right=right):
            left, right = with_segments(left, names), with_segments(right, names)
            return replace(node, left=left, right=right)
        case Prefix(item=item) | Empty(item=item):
            return replace(node, item=with_segments(item, names))
        case _:
            return node


def segments_in(node: Node) -> set[str]:
    """The segments that conditions of the formula ask for, as they are written."""
    return {
        inner.segment
        for one, _ in walk(node)
        if isinstance(one, RollUp) and one.where is not None
        for inner, _ in rules.walk(one.where)
        if isinstance(inner, rules.InSegment)
    }


def start(node: Node) -> Place:
    """Where the first word of the node stands; its own place is that of its operator."""
    while isinstance(node, Infix | Empty):
        node = node.left if isinstance(node, Infix) else node.item
    return node.place


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth; the root has depth 1. Not by recursion: depth is what it finds."""
    waiting = [(node, 1)]
    while waiting:
        one, depth = waiting.pop()
        yield one, depth
        waiting += [(child, depth + 1) for child in reversed(children(one))]
