"""What rules read of records."""

from collections.abc import Iterable

from shared.rules.interpreter.depends import dependencies
from shared.rules.types.typed import FieldTest, Rule, walk


def reads_of(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    """Record types and names of fields."""
    return {(seen.record_type, seen.what) for rule in rules for seen in dependencies(rule)}


def reads_results(rule: Rule) -> bool:
    """Whether it reads what stands beside a record. What that was is what was known then: it is not
    worked out anew, and neither is what followed from it.
    """
    return any(isinstance(node, FieldTest) and node.field.side for node in walk(rule.root))
