"""Why a formula gives no value on one record: the first thing that is missing, mixed or too large.

The twin of `evaluate`: whoever it finds nothing to say of has a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts_api.language.formula_interpreter.evaluate import (
    field_value,
    followed,
    gathered,
    result,
)
from accounts_api.language.formula_interpreter.kept import kept
from accounts_api.language.formulas import typed as c
from accounts_api.language.formulas.values import Money, amount, mixed
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.types.context import EvaluationContext


@dataclass(frozen=True, slots=True)
class Why:
    code: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, **self.more}


def why_null(
    formula: c.Formula, record: Snapshot, context: EvaluationContext, currency: str | None = None
) -> Why | None:
    """None for a formula that gives a value. `currency` is that of a currency trait."""
    value = result(formula.root, record, context)
    if value is None:
        return _why(formula.root, record, context)
    if kept(value, currency) is not None:
        return None
    if isinstance(value, Money) and value.currency not in {None, currency}:
        message = f"The result is in {value.currency}, the trait in {currency}."
        return Why("other_currency", message, {"currencies": [value.currency]})
    return Why("out_of_range", "The result is too large or too far away to be kept.")


def _why(node: c.Checked, record: Snapshot, context: EvaluationContext) -> Why:
    """Of a part that gives no value."""
    match node:
        case c.Constant():
            return Why("no_value", "The formula says so.")
        case c.FieldOf(hops, field_):
            if not followed(hops, record):
                return _no_records(hops)
            return Why("no_value", f"{field_.name} has no value.", {"field": field_.name})
        case c.Gathered():
            return _why_gathered(node, record, context)
        case c.Applied():
            return _why_applied(node, record, context)


def _why_gathered(node: c.Gathered, record: Snapshot, context: EvaluationContext) -> Why:
    others = list(gathered(node, record, context))
    if not others:
        return _no_records(node.hops)
    values = [field_value(node.field, other) for other in others] if node.field else []
    if node.function != "latest" and mixed(*values):
        return _mixed(values)
    if node.field is not None and (node.function == "latest" or not _there(values)):
        name = node.field.name
        whose = "the latest of them" if node.function == "latest" else "any of them"
        return Why("no_values", f"{name} has no value on {whose}.", {"field": name})
    return Why("out_of_range", "The result is too large.")


def _why_applied(node: c.Applied, record: Snapshot, context: EvaluationContext) -> Why:
    match node.name, node.operands:
        case "if", (condition, *branches):
            met = result(condition, record, context) is True
            if met or len(branches) > 1:
                return _why(branches[0 if met else 1], record, context)
            return Why("no_branch", "The condition does not hold, and nothing is said for then.")
        case "coalesce", operands:
            return _why(operands[-1], record, context)
    values = []
    for operand in node.operands:
        value = result(operand, record, context)
        if value is None:
            return _why(operand, record, context)
        values.append(value)
    if mixed(*values):
        return _mixed(values)
    if node.name == "/" and not amount(values[1]):
        return Why("division_by_zero", "It would be divided by zero.")
    return Why("no_result", f"{node.name} has no result for these values.")


def _there(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _mixed(values: Sequence[Any]) -> Why:
    found = sorted({v.currency for v in values if isinstance(v, Money) and v.currency})
    message = f"The amounts are in {' and '.join(found)}, which never mix."
    return Why("mixed_currencies", message, {"currencies": found})


def _no_records(hops: Sequence[c.Hop]) -> Why:
    names = ".".join(hop.relation.name for hop in hops)
    return Why("no_records", f"There is nothing in {names}.", {"relation": names})
