"""The script of `/docs`, in jsdom, on the pages of a gateway in front of real services."""

import os
from pathlib import Path

import pytest

from deploy.contract.environment import HOME, Tools
from tests.clients.making import run
from tests.gateways import serving_gateway
from tests.harness import Tenure

pytestmark = pytest.mark.contract


async def test_the_script_does_on_real_pages_what_a_reader_asks_of_it(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    tools = Tools(HOME)
    # Whatever would leave this machine meets a proxy where nobody listens.
    for name, value in tools.env().items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    script = Path(__file__).with_name("reference_script.mjs")
    command = [str(tools.node), str(script), str(tools.modules)]
    async with serving_gateway(tenure) as gateway:
        told = await run(command, gateway, ws.keys["admin"])
    # A file without a test would pass, too.
    assert "pass 5" in told
