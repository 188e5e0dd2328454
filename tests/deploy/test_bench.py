import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.bench import __main__ as bench
from deploy.bench.measuring import Case, Result
from deploy.bench.stage import Stage


class Quiet:
    """A stage on which nothing is built."""

    scale = 10

    def __init__(self) -> None:
        self.settled = 0

    async def settle(self) -> None:
        self.settled += 1


async def prepare(_: Stage) -> None:
    """Nothing."""


async def measured(_: Stage) -> Result:
    return Result("requests", 100.0, sql_per_second=200.0)


async def crash(_: Stage) -> Result:
    raise RuntimeError("the statement ran into its limit")


GROUPS = {
    "records": (Case("read one", measured),),
    "segments": (Case("one change", measured), Case("one filled", crash), Case("tick", measured)),
    "webhooks": (Case("a page", measured),),
}


def test_a_group_that_crashes_takes_no_figure_of_another_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Quiet()

    @asynccontextmanager
    async def stage(*_: Any) -> AsyncIterator[Quiet]:
        yield made

    for name, cases in GROUPS.items():
        module: Any = SimpleNamespace(CASES=cases, prepare=prepare)
        monkeypatch.setitem(sys.modules, f"deploy.bench.{name}", module)
    monkeypatch.setattr(bench, "stage", stage)
    monkeypatch.setattr(bench, "_RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", *GROUPS])

    assert bench.main() == 1
    (written,) = tmp_path.glob("*.json")
    report = json.loads(written.read_text(encoding="utf-8"))
    assert list(report["results"]) == ["read one", "one change", "a page"]
    assert report["failed"] == {"segments": "RuntimeError: the statement ran into its limit"}
    assert made.settled == len(GROUPS)
    printed = capsys.readouterr()
    assert [line[:8] for line in printed.out.splitlines()[1:4]] == [
        "read one",
        "one chan",
        "a page  ",
    ]
    assert "segments failed: RuntimeError" in printed.err
