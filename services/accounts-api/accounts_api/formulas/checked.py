"""A formula whose names and types are resolved: what all its readers read."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts_api.formulas import nodes as n
from accounts_api.formulas.functions import Function
from accounts_api.formulas.sorts import Typed
from accounts_api.formulas.values import Value
from accounts_api.rules import checked as rules
from accounts_api.rules.catalog import Field, RecordType, Relation


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value
    typed: Typed


@dataclass(frozen=True, slots=True)
class Hop:
    relation: Relation
    target: RecordType


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of the record, or of the one record behind `hops`."""

    hops: tuple[Hop, ...]
    field: Field
    typed: Typed


@dataclass(frozen=True, slots=True)
class Gathered:
    """A roll-up over the records behind `hops`. A count has no field."""

    function: str
    hops: tuple[Hop, ...]
    field: Field | None
    by: Field | None
    where: rules.Checked | None
    typed: Typed


@dataclass(frozen=True, slots=True)
class Applied:
    function: Function
    operands: tuple["Checked", ...]
    typed: Typed

    @property
    def name(self) -> str:
        return self.function.name


Checked = Constant | FieldOf | Gathered | Applied


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A formula ready for use, over records of one type."""

    type: RecordType
    root: Checked
    written: n.Node


def walk(node: Checked) -> Iterator[Checked]:
    yield node
    for operand in node.operands if isinstance(node, Applied) else ():
        yield from walk(operand)


def moves(node: Checked) -> bool:
    """Whether time alone can change the value."""
    match node:
        case Applied(operands=operands):
            return node.name == "today" or any(map(moves, operands))
        case Gathered(where=where):
            return where is not None and rules.moves(where)
        case _:
            return False
