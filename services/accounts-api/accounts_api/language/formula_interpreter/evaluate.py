"""A formula worked out over one record's snapshot. It always gives a value or none, never fails."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from accounts_api.language.formulas import typed as c
from accounts_api.language.formulas.functions import extreme
from accounts_api.language.formulas.types import Sort, Typed
from accounts_api.language.formulas.values import (
    EXACT,
    Money,
    Value,
    amount,
    like,
    mixed,
    number,
    sound,
)
from shared.rules.interpreter.evaluate import Snapshot, satisfies, value_of
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.context import EvaluationContext


def evaluate(formula: c.Formula, record: Snapshot, context: EvaluationContext) -> Value:
    return result(formula.root, record, context)


def result(node: c.Checked, record: Snapshot, context: EvaluationContext) -> Any:
    match node:
        case c.Constant(value):
            return value
        case c.FieldOf(hops, field):
            for one in followed(hops, record):
                return field_value(field, one)
            return None
        case c.Gathered():
            return _money(_gathered(node, record, context), node.typed)
        case c.Applied():
            return _money(sound(_applied(node, record, context)), node.typed)


def _money(value: Any, typed: Typed) -> Any:
    """A number among amounts counts minor units."""
    if typed.sort is Sort.MONEY and isinstance(value, Decimal):
        return Money(value, typed.currency)
    return value


def field_value(field: Field, record: Snapshot) -> Any:
    value = value_of(field, record)
    if value is None or field.type not in {FieldType.NUMBER, FieldType.CURRENCY}:
        return value
    if field.type is FieldType.NUMBER:
        return number(value)
    own = record.columns.get(field.currency_column) if field.currency_column else field.currency
    return Money(Decimal(value), own)


def _applied(node: c.Applied, record: Snapshot, context: EvaluationContext) -> Any:
    match node.name, node.operands:
        case "if", (condition, *branches):
            if result(condition, record, context) is True:
                return result(branches[0], record, context)
            return result(branches[1], record, context) if len(branches) > 1 else None
        case "coalesce", operands:
            found = (result(operand, record, context) for operand in operands)
            return next((value for value in found if value is not None), None)
        case "is empty", (operand,):
            return result(operand, record, context) in (None, "", [])
        case (("and" | "or"), operands):
            holds = (result(one, record, context) is True for one in operands)
            return any(holds) if node.name == "or" else all(holds)
    values = []
    for operand in node.operands:
        value = result(operand, record, context)
        if value is None:
            return node.function.without
        values.append(value)
    worked = node.function.work(context, *values)
    return node.function.without if worked is None else worked


def followed(hops: Sequence[c.Hop], record: Snapshot) -> list[Snapshot]:
    """The records behind the relations; over a table of links, once for every link."""
    found = [record]
    for hop in hops:
        found = [other for one in found for other in one.related[hop.relation.name]]
    return found


def gathered(node: c.Gathered, record: Snapshot, context: EvaluationContext) -> Iterator[Snapshot]:
    """The records that a roll-up is over, each once."""
    known = set()
    for other in followed(node.hops, record):
        if other.id in known or not (node.where is None or satisfies(node.where, other, context)):
            continue
        known.add(other.id)
        yield other


def _gathered(node: c.Gathered, record: Snapshot, context: EvaluationContext) -> Any:
    others = list(gathered(node, record, context))
    if node.field is None:
        return Decimal(len(others))
    if node.function == "latest" and node.by is not None:
        return _latest(node.field, node.by, others)
    found = (field_value(node.field, other) for other in others)
    values = [value for value in found if value is not None]
    if node.function == "sum":
        if mixed(*values):
            return None
        total = Decimal(0)
        for value in values:
            total = EXACT.add(total, amount(value))
        return sound(like(total, *values))
    return extreme(values, min if node.function == "min" else max) if values else None


def _latest(field: Field, by: Field, others: Sequence[Snapshot]) -> Any:
    """Of those that say when; of two at one time the one with the greater id."""
    dated = [(field_value(by, other), other.id, other) for other in others]
    known = [(amount(at), id_, other) for at, id_, other in dated if at is not None]
    if not known:
        return None
    return field_value(field, max(known, key=lambda one: one[:2])[2])
