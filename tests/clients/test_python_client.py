"""The Python package: it compiles, what its page shows runs, and it works with real services."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.clients.build import PYTHON
from tests.clients.making import blocks, run_python
from tests.harness import Tenure


def test_it_is_typed(python_source: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", "--strict", "tenure_client"],
        cwd=python_source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


async def test_what_its_page_shows_runs(tenure: Tenure, gateway: str, python_source: Path) -> None:
    ws = await tenure.workspace()
    script = "\n".join(blocks(PYTHON / "README.md", "python"))
    assert "Acme" in await run_python(script, python_source, gateway, ws.keys["admin"])


@pytest.mark.usefixtures("workers")
async def test_it_works_with_real_services(
    tenure: Tenure, gateway: str, python_source: Path
) -> None:
    ws = await tenure.workspace()
    script = Path(__file__).with_name("smoke.py").read_text(encoding="utf-8")
    assert await run_python(script, python_source, gateway, ws.keys["admin"]) == "done\n"
