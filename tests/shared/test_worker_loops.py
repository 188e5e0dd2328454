"""Which loops a worker process runs is an operator's choice, and a name that is none ends it."""

import re
import subprocess
import sys

import pytest

from shared.worker import Loop, chosen
from tests.harness import Tenure


async def step(_: object) -> bool:
    return False


LOOPS = [Loop(name, step) for name in ("feed:accounts:0", "feed:sync:0", "imports", "rules")]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("", ["feed:accounts:0", "feed:sync:0", "imports", "rules"]),
        (" , ", ["feed:accounts:0", "feed:sync:0", "imports", "rules"]),
        ("rules, imports", ["imports", "rules"]),
        ("feed:*", ["feed:accounts:0", "feed:sync:0"]),
        ("!imports", ["feed:accounts:0", "feed:sync:0", "rules"]),
        ("feed:*,!feed:sync:*", ["feed:accounts:0"]),
    ],
)
def test_loops_are_named_by_patterns_and_left_out_by_an_exclamation_mark(
    patterns: str, names: list[str]
) -> None:
    assert [loop.name for loop in chosen(LOOPS, patterns)] == names


def test_every_loop_runs_in_one_of_two_processes_that_share_them() -> None:
    here, there = chosen(LOOPS, "imports"), chosen(LOOPS, "!imports")
    assert {loop.name for loop in here} | {loop.name for loop in there} == {
        loop.name for loop in LOOPS
    }


def test_a_worker_told_to_run_a_loop_that_is_none_says_which_there_are(tenure: Tenure) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "tasks_api.worker"],
        env=tenure.environment("tasks") | {"TENURE_LOOPS": "feed:*,imports"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.startswith("TENURE_LOOPS: there is no loop 'imports', but feed:")
    assert "note-fields" in started.stderr


def test_names_of_loops_can_be_written_in_a_setting(tenure: Tenure) -> None:
    names = [loop.name for loops in tenure.loops.values() for loop in loops]
    assert [name for name in names if not re.fullmatch(r"[a-z]+([-:][a-z0-9]+)*", name)] == []
