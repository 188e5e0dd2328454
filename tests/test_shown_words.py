"""What a library says of an error is for the log. A person reads our sentences."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_WORDS = {"args", "detail", "message", "msg", "reason", "strerror"}

OUR_VALUE_ERRORS = {
    "shared/traits/values.py": "dates and lines",
    "shared/rules/types/literals.py": "dates",
    "shared/rules/syntax/values.py": "currencies",
}
"""Files that show what a ValueError says, and whose it is: all of them raise our sentences."""
READ = {
    "services/sequencer/sequencer/mail/templates/rules.py": "the name of the variable",
    "shared/net/connection_errors.py": "logged",
    "shared/logging.py": "the log",
    "shared/values/validation_messages.py": "line and column",
}
"""Files that read something out of a library's error, and what."""


@cache
def trees() -> Mapping[str, ast.Module]:
    """Of the services and shared, by path. Read when a test runs, not when all are collected."""
    files = [
        path for part in ("services", "shared") for path in sorted((ROOT / part).rglob("*.py"))
    ]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in files}


@cache
def our_classes() -> frozenset[str]:
    nodes = (node for tree in trees().values() for node in ast.walk(tree))
    return frozenset(node.name for node in nodes if isinstance(node, ast.ClassDef))


def _names(handler: ast.ExceptHandler) -> set[str]:
    types = handler.type
    caught = types.elts if isinstance(types, ast.Tuple) else [types] if types else []
    return {ast.unparse(one).rpartition(".")[2] for one in caught}


def _shown(node: ast.AST, name: str) -> Iterator[str]:
    """Where the words of the error are taken, outside the log."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called.startswith("log."):
            return
        if called in {"str", "repr", "type"} and node.args and _is(node.args[0], name):
            yield ast.unparse(node)
    if isinstance(node, ast.FormattedValue) and _is(node.value, name):
        yield f"{{{name}}}"
    if isinstance(node, ast.Attribute) and _is(node.value, name) and node.attr in _WORDS:
        yield ast.unparse(node)
    for child in ast.iter_child_nodes(node):
        yield from _shown(child, name)


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _told(tree: ast.AST) -> Iterator[tuple[int, str, set[str]]]:
    """Line, words and whose they may be, of every error of a library that is told."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        theirs = _names(handler) - our_classes()
        if not theirs:
            continue
        for statement in handler.body:
            for words in _shown(statement, handler.name):
                yield handler.lineno, words, theirs


def test_no_librarys_words_are_told() -> None:
    told = [
        f"{path}:{line} {words}"
        for path, tree in trees().items()
        if path not in READ
        for line, words, theirs in _told(tree)
        if path not in OUR_VALUE_ERRORS or theirs != {"ValueError"}
    ]
    assert told == []


def test_the_guard_sees_what_it_is_for() -> None:
    seen = ast.parse(
        "try:\n    f()\nexcept (OSError, AppError) as e:\n"
        "    log.info('x', e=str(e))\n    raise AppError(f'{e}, {type(e).__name__}') from e\n"
        "except AppError as e:\n    tell(str(e))\nexcept ValueError as e:\n    tell(e.args)\n"
    )
    assert [words for _, words, _ in _told(seen)] == ["{e}", "type(e)", "e.args"]


def test_exceptions_are_still_needed() -> None:
    for path in (*OUR_VALUE_ERRORS, *READ):
        assert path in trees()
    for path in OUR_VALUE_ERRORS:
        assert list(_told(trees()[path])), path
