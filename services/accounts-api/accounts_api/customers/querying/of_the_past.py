"""What cannot be asked of the past."""

from collections.abc import Iterable
from typing import Final

from accounts_api.records.history.as_of import has_past
from shared.errors import Fault, Invalid
from shared.rules.types.catalog import Field
from shared.rules.types.typed import FieldTest, Rule, walk

_OF_NOW: Final = frozenset({"updated_at"})
"""What history does not keep: how it stands now says nothing of the past."""


def _of_now(fields: Iterable[Field]) -> set[str]:
    return {field.name for field in fields if field.name in _OF_NOW or not has_past(field)}


def refuse_fields_of_now(fields: Iterable[Field], pointer: str) -> None:
    """Raises `Invalid` for what is to be shown, or to order, of the past, and is known of now
    alone.
    """
    _refuse_now(_of_now(fields), pointer)


def refuse_rule_of_now(rule: Rule | None, words: str | None, at: str) -> None:
    """Raises `Invalid` for a rule that cannot be asked about the past, and for any words."""
    if words is not None:
        _refuse_now({"what words find"}, f"{at}/query")
    nodes = walk(rule.root) if rule else ()
    _refuse_now(
        _of_now(node.field for node in nodes if isinstance(node, FieldTest)), f"{at}/filter"
    )


def _refuse_now(names: Iterable[str], pointer: str) -> None:
    faults = [
        Fault(pointer, "not_of_the_past", f"{name} is known of the present alone.")
        for name in sorted(names)
    ]
    if faults:
        raise Invalid(faults=faults)
