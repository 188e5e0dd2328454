"""What rules read of records."""

from collections.abc import Iterable

from shared.rules.interpreter.depends import dependencies
from shared.rules.types.typed import Rule


def reads_of(rules: Iterable[Rule]) -> set[tuple[str, str]]:
    """Record types and names of fields."""
    return {(seen.record_type, seen.what) for rule in rules for seen in dependencies(rule)}
