"""When time alone may change the value of a formula on one record: too early, never too late."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts_api.language.formula_interpreter.evaluate import followed, result
from accounts_api.language.formulas import typed as c
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.next_change import instants as rule_instants
from shared.rules.types.context import Asks, EvaluationContext


def next_change(
    formula: c.Formula, record: Snapshot, context: EvaluationContext
) -> datetime | None:
    """The first instant after now at which the value may change; None if only data can."""
    return min(_instants(formula.root, record, context), default=None)


def _instants(node: c.Checked, record: Snapshot, context: EvaluationContext) -> Iterator[datetime]:
    if not node.asks.moves:
        return
    if isinstance(node, c.Gathered) and node.where is not None:
        for other in followed(node.hops, record):
            yield from rule_instants(node.where, other, context)
    elif isinstance(node, c.Applied) and Asks.TODAY in node.function.asks:
        yield context.day_start(context.today + timedelta(days=1))
    elif isinstance(node, c.Applied):
        for operand in _deciding(node, record, context):
            yield from _instants(operand, record, context)


def _deciding(node: c.Applied, record: Snapshot, context: EvaluationContext) -> Iterator[c.Checked]:
    """The operands on which the value depends, as those stand that time does not change."""

    def still(operand: c.Checked) -> bool:
        return not operand.asks.moves

    match node.name, node.operands:
        case "if", (condition, *branches) if still(condition):
            met = result(condition, record, context) is True
            yield from branches[:1] if met else branches[1:]
        case "coalesce", operands:
            for operand in operands:
                yield operand
                if still(operand) and result(operand, record, context) is not None:
                    return
        case (("if" | "and" | "or" | "is empty"), operands):
            yield from operands
        case _, operands:
            missing = (still(one) and result(one, record, context) is None for one in operands)
            if not any(missing):
                yield from operands
