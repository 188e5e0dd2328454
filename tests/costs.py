"""What the suite costs: processor seconds of this process and statements that the database answered
it, by file. What servers cost is not in the seconds.

`make test` prints them beside the slowest tests. A busy machine takes half as many seconds again;
statements are the same everywhere.
"""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

_BEFORE = pytest.StashKey[tuple[float, int]]()
_COST = "cost"
_FILES_SHOWN = 20
_WORTH_A_LINE = 100
"""Tests. Of fewer, everybody sees what they cost."""


_statements = 0


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: Any) -> None:
    global _statements  # noqa: PLW0603  # of the whole process, as its seconds are
    _statements += 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_BEFORE] = time.process_time(), _statements
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    if call.when == "teardown":
        seconds, statements = item.stash[_BEFORE]
        cost = time.process_time() - seconds, _statements - statements
        item.user_properties.append((_COST, cost))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    spent = Counter[str]()
    asked = Counter[str]()
    tests = Counter[str]()
    for report in terminalreporter.stats.get("", []):
        for name, cost in getattr(report, "user_properties", ()):
            if name == _COST:
                file = report.nodeid.partition("::")[0]
                spent[file] += cost[0]
                asked[file] += cost[1]
                tests[file] += 1
    if tests.total() < _WORTH_A_LINE:
        return
    each = f"{spent.total() / tests.total():.3f} a test"
    asked_by_each = f"{asked.total() / tests.total():.0f} statements a test"
    terminalreporter.section(f"{spent.total():.0f} processor seconds, {each}; {asked_by_each}")
    for file, seconds in spent.most_common(_FILES_SHOWN):
        terminalreporter.line(
            f"{seconds:6.1f} s  {asked[file]:6} statements  {tests[file]:4} tests  {file}"
        )
