"""`make fuzz-api`: schemathesis against real services, by the document they publish."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from deploy.checks import documents
from deploy.contract.document import merged
from deploy.contract.environment import HERE, HOME, Tools
from tests.gateways import serving_gateway
from tests.harness import Tenure

pytestmark = pytest.mark.contract

_EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "3")
_SECONDS = int(os.environ.get("FUZZ_SECONDS", "600"))


@pytest.mark.timeout(_SECONDS + 120)
async def test_answers_are_those_of_the_document(tenure: Tenure, tmp_path: Path) -> None:
    ws = await tenure.workspace()
    contracts = {package: documents.contract(package) or {} for package in documents.PACKAGES}
    async with serving_gateway(tenure) as gateway:
        document = tmp_path / "openapi.json"
        document.write_text(json.dumps(merged(contracts, gateway)), encoding="utf-8")
        command = [
            *Tools(HOME).script("schemathesis"),
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", str(document), "--url", gateway),
            *("--max-examples", _EXAMPLES, "--max-time", str(_SECONDS)),
            *("--header", f"Authorization: Bearer {ws.keys['admin']}", "--no-color"),
        ]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    report = output.decode()
    print(report.partition("= SUMMARY =")[2][-3000:])
    (HOME / "fuzz.txt").write_text(report, encoding="utf-8")
    assert process.returncode == 0, report[-20_000:]
