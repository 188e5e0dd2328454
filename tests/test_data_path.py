"""Statements run in `shared/data.py` and nowhere else (docs/decisions/0018)."""

import ast
import re

from tests.source_code import imported_names, sources

RUNNING = {"shared.data", "shared.db", "shared.uow", "deploy.roles"}
"""`deploy.roles` makes the database that all others use."""


def runs_statements(module: str) -> bool:
    """True when `module` takes a connection or a session, or reaches for that of a unit of work."""
    takes = {("sqlalchemy.ext.asyncio", f"Async{what}") for what in ("Connection", "Session")}
    return bool(takes & imported_names(module)) or any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "connection"
        and ast.unparse(node.value.value).rpartition(".")[2] in {"scope", "uow"}
        for node in ast.walk(sources()[module])
    )


def test_statements_run_on_the_unit_of_work() -> None:
    assert {*filter(runs_statements, sources())} == RUNNING


def test_a_savepoint_is_one_of_the_unit_of_work() -> None:
    """Of a session's own the data path knows nothing, and nothing would be rolled back."""
    beginning = {
        module
        for module, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "begin_nested"
    }
    assert beginning == {"shared.data"}


HIDDEN_FROM_INDEXES = re.compile(
    r"\b(?:and|on|where)\s+[a-z_.{}]+ = coalesce\(|\b(?:and|on|where)\s+coalesce\([^=]+\) = "
)


def test_no_key_is_looked_up_by_what_row_level_security_keeps_from_an_index() -> None:
    """Such a comparison reads the whole table (docs/scaling.md): CASE says the same."""
    hidden = {
        module
        for module, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and HIDDEN_FROM_INDEXES.search(node.value)
    }
    assert hidden == set()
