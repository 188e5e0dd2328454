"""The recipe shows the connector as it is, and its command can be run."""

import re
import subprocess
import sys

import pytest

from tests.source_code import ROOT

PAGE = (ROOT / "docs/contributing/add-a-connector.md").read_text(encoding="utf-8")
CONNECTOR = (ROOT / "tests/connectors/shelf/connector.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_what_the_recipe_shows_stands_in_the_connector(block: str) -> None:
    assert block in CONNECTOR


def test_the_command_of_the_recipe_finds_the_kit() -> None:
    ((command,),) = [re.findall(r"```sh\n(.*?)\n```", PAGE, re.DOTALL)]
    program, *arguments = command.split()
    assert program == "python"
    found = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "test_a_connector_has_what_it_claims_and_no_more[shelf]" in found.stdout
