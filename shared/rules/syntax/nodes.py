"""The tree of a rule as it was written: names unresolved, values in the form they were given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared.rules.syntax.faults import Place

MAX_DEPTH: Final = 12
MAX_NODES: Final = 200
MAX_VALUES: Final = 500
MAX_TEXT: Final = 1_000
MAX_RULE_TEXT: Final = 50_000
MAX_SPAN: Final = 36_600
MAX_INTEGER: Final = 2**63 - 1
MAX_DIGITS: Final = 15


class Unit(StrEnum):
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    BUSINESS_DAYS = "business_days"


class Op(StrEnum):
    EQ = "eq"
    NEQ = "neq"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_EMPTY = "is_empty"
    NOT_EMPTY = "not_empty"
    CHANGED_WITHIN = "changed_within"
    ON = "on"
    BEFORE = "before"
    AFTER = "after"
    PAST = "past"
    FUTURE = "future"
    WITHIN_NEXT = "within_next"
    WITHIN_LAST = "within_last"
    IN_PERIOD = "in_period"
    ANNIVERSARY_WITHIN = "anniversary_within"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"


class Shape(StrEnum):
    """What kind of value an operator takes."""

    NOTHING = "no value"
    ONE = "one value"
    TEXT = "a text"
    LIST = "a list of values"
    PAIR = "a list of two values"
    SPAN = 'a length of time such as {"days": 90}'
    PERIOD = 'a period such as "this_fiscal_quarter"'


SHAPE_OF: Final[dict[Op, Shape]] = {
    **dict.fromkeys((Op.EQ, Op.NEQ, Op.LT, Op.LTE, Op.GT, Op.GTE), Shape.ONE),
    **dict.fromkeys((Op.ON, Op.BEFORE, Op.AFTER), Shape.ONE),
    **dict.fromkeys((Op.CONTAINS, Op.NOT_CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH), Shape.TEXT),
    **dict.fromkeys((Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE), Shape.LIST),
    **dict.fromkeys((Op.IS_EMPTY, Op.NOT_EMPTY, Op.PAST, Op.FUTURE), Shape.NOTHING),
    **dict.fromkeys((Op.WITHIN_NEXT, Op.WITHIN_LAST, Op.ANNIVERSARY_WITHIN), Shape.SPAN),
    Op.CHANGED_WITHIN: Shape.SPAN,
    Op.BETWEEN: Shape.PAIR,
    Op.IN_PERIOD: Shape.PERIOD,
}

PERIODS: Final = tuple(
    f"{which}_{length}"
    for which in ("this", "next", "last")
    for length in ("week", "month", "fiscal_quarter", "fiscal_year")
)

COMPARISONS: Final = {
    Op.EQ: "=",
    Op.NEQ: "!=",
    Op.LT: "<",
    Op.LTE: "<=",
    Op.GT: ">",
    Op.GTE: ">=",
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of `currency`."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Span:
    count: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class FromToday:
    """The workspace's local date, moved by a length of time that may be negative."""

    span: Span


Scalar = str | int | Decimal | bool | Money | FromToday
Value = Scalar | tuple[Scalar, ...] | Span | None


class Quantifier(StrEnum):
    ANY = "any"
    ALL = "all"
    NONE = "none"


class SegmentOp(StrEnum):
    MEMBER = "member"
    NOT_MEMBER = "not_member"


class RoleOp(StrEnum):
    HELD = "held"
    NOT_HELD = "not_held"
    HELD_BY = "held_by"
    NOT_HELD_BY = "not_held_by"


@dataclass(frozen=True, slots=True)
class AllOf:
    items: tuple["Node", ...]
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    items: tuple["Node", ...]
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class NotOf:
    item: "Node"
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    path: str
    op: Op
    value: Value = None
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class Related:
    relation: str
    quantifier: Quantifier
    where: "Node | None" = None
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class RelatedCount:
    relation: str
    op: Op
    count: int
    where: "Node | None" = None
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class InSegment:
    segment: str
    op: SegmentOp
    place: Place = field(default_factory=Place, compare=False)


@dataclass(frozen=True, slots=True)
class KeyRole:
    role: str
    op: RoleOp
    member: str | None = None
    place: Place = field(default_factory=Place, compare=False)


class Tally(StrEnum):
    """What is counted of product events, as JSON calls it."""

    EVENTS = "events"
    CONTACTS = "active_contacts"
    DAYS = "active_days"


@dataclass(frozen=True, slots=True)
class Events:
    event: str
    within_days: int
    op: Op
    count: int
    where: "Node | None" = None
    """What the declared properties of an event must be for it to count."""
    tally: Tally = Tally.EVENTS
    place: Place = field(default_factory=Place, compare=False)


Node = AllOf | AnyOf | NotOf | Compare | Related | RelatedCount | InSegment | KeyRole | Events


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case AllOf(items) | AnyOf(items):
            return items
        case NotOf(item):
            return (item,)
        case Related(where=where) | RelatedCount(where=where) | Events(where=where) if where:
            return (where,)
        case _:
            return ()


def with_segments(node: Node, names: Mapping[str, str]) -> Node:
    """The same condition, its segments named by what `names` has for them."""

    def named(leaf: Node) -> Node:
        if isinstance(leaf, InSegment):
            return replace(leaf, segment=names.get(leaf.segment, leaf.segment))
        return leaf

    return with_leaves(node, named)


def with_leaves(node: Node, leaf: Callable[[Node], Node]) -> Node:
    """The same condition, each of the single ones in it as `leaf` makes it."""
    match node:
        case AllOf(items) | AnyOf(items):
            return replace(node, items=tuple(with_leaves(item, leaf) for item in items))
        case NotOf(item):
            return replace(node, item=with_leaves(item, leaf))
        case Related(where=where) | RelatedCount(where=where) if where is not None:
            return replace(node, where=with_leaves(where, leaf))
        case _:
            return leaf(node)


def walk(node: Node, depth: int = 1) -> Iterator[tuple[Node, int]]:
    """Every node with its depth; the root has depth 1."""
    yield node, depth
    for child in children(node):
        yield from walk(child, depth + 1)
