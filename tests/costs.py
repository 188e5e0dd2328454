"""What the suite costs: processor seconds of this process, by file. Those of servers are not in it.

`make test` prints them beside the slowest tests.
"""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

_STARTED = pytest.StashKey[float]()
_CPU = "cpu seconds"
_FILES_SHOWN = 20
_WORTH_A_LINE = 100
"""Tests. Of fewer, everybody sees what they cost."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_STARTED] = time.process_time()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    if call.when == "teardown":
        item.user_properties.append((_CPU, time.process_time() - item.stash[_STARTED]))
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    spent = Counter[str]()
    tests = Counter[str]()
    for report in terminalreporter.stats.get("", []):
        for name, seconds in getattr(report, "user_properties", ()):
            if name == _CPU:
                file = report.nodeid.partition("::")[0]
                spent[file] += seconds
                tests[file] += 1
    if tests.total() < _WORTH_A_LINE:
        return
    each = spent.total() / tests.total()
    terminalreporter.section(f"{spent.total():.0f} processor seconds, {each:.3f} a test")
    for file, seconds in spent.most_common(_FILES_SHOWN):
        terminalreporter.line(f"{seconds:6.1f} s  {tests[file]:4} tests  {file}")
