"""A formula whose names and types are resolved: what all its readers read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas.functions import Function
from accounts_api.language.formulas.types import Sort, Typed
from accounts_api.language.formulas.values import Value
from shared.rules.types import typed as rules
from shared.rules.types.catalog import Field, RecordType, Relation
from shared.rules.types.context import Asks


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value
    typed: Typed

    @property
    def asks(self) -> Asks:
        return _of_day(self.typed)


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

    @property
    def asks(self) -> Asks:
        return _of_day(self.typed)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A roll-up over the records behind `hops`. A count has no field."""

    function: str
    hops: tuple[Hop, ...]
    field: Field | None
    by: Field | None
    where: rules.Checked | None
    typed: Typed

    @property
    def asks(self) -> Asks:
        own = _of_day(self.typed)
        return own if self.where is None else own | self.where.asks


@dataclass(frozen=True, slots=True)
class Applied:
    function: Function
    operands: tuple["Checked", ...]
    typed: Typed

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def asks(self) -> Asks:
        own = _of_day(self.typed) | self.function.asks
        return reduce(or_, (operand.asks for operand in self.operands), own)


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


def _of_day(typed: Typed) -> Asks:
    """An instant stands for its local day wherever a day is wanted."""
    return Asks.CALENDAR if typed.sort is Sort.DATETIME else Asks.NOTHING
