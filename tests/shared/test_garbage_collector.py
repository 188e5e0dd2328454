"""Every process that serves or works gets the collector out of its way once it has started."""

import subprocess
import sys

import pytest

from tests.harness import Tenure

_TELLS = """
import gc, os, runpy, sys
from shared import garbage_collector
before = garbage_collector.settle
def settle():
    before()
    os.write(1, f"{gc.get_freeze_count()} {gc.get_threshold()[0]}\\n".encode())
    os._exit(0)
garbage_collector.settle = settle
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "command",
    [
        ("shared.serve", "tasks_api.main:create_app", "--port", "0"),
        ("tasks_api.worker",),
        ("deploy.gateway", "--port", "0"),
    ],
    ids=("web", "worker", "gateway"),
)
def test_a_process_that_has_started_is_out_of_the_collector_s_sight(
    tenure: Tenure, command: tuple[str, ...]
) -> None:
    addresses = {f"TENURE_{name.upper()}_URL": url for name, url in tenure.urls.items()}
    started = subprocess.run(
        [sys.executable, "-c", _TELLS, *command],
        env=tenure.environment("tasks") | addresses,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    frozen, new_objects = map(int, started.stdout.split())
    assert frozen > 10_000
    assert new_objects > 700
