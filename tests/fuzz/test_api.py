"""`make fuzz-api`: schemathesis against real services, by the document they publish."""

import asyncio
import copy
import json
import os
from pathlib import Path

import pytest

from deploy.checks import documents
from deploy.contract.document import merged
from deploy.contract.environment import HERE, HOME, Tools
from tests.gateways import serving_gateway
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS
from tests.seed_data import Furniture, collections, point_to, renamed
from tests.whole_workspace import one_of_everything

pytestmark = pytest.mark.contract

_EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")
_SECONDS = int(os.environ.get("FUZZ_SECONDS", "900"))
_REACHED = 0.8
"""Share of the operations that must do at least once what they are for. With fewer the run would
only say that an unknown id is a 404.
"""
_COPIES = 3


async def add_copies(ws: Workspace, furniture: Furniture) -> None:
    """Several of whatever one request makes: some are deleted on the way."""
    for operation in OPERATIONS:
        name = operation.path.removeprefix("/v1/")
        if operation.method == "POST" and name in collections():
            for _ in range(_COPIES):
                for example in operation.examples:
                    body = renamed(point_to(copy.deepcopy(example), furniture))
                    await ws.admin.post(operation.path, body)


async def ids(ws: Workspace, path: str) -> list[str]:
    return [row["id"] for row in (await ws.admin.get(path)).json()["data"]]


def by_operation(answered: str) -> dict[str, set[str]]:
    """Which statuses each operation answered."""
    found: dict[str, set[str]] = {}
    for line in answered.splitlines():
        name, _, status = line.partition(" ")
        found.setdefault(name, set()).add(status)
    return found


@pytest.mark.timeout(_SECONDS + 300)
async def test_answers_are_those_of_the_document(tenure: Tenure, tmp_path: Path) -> None:
    ws = await tenure.workspace()
    spared = [*await ids(ws, "/v1/api-keys"), *await ids(ws, "/v1/members")]
    furniture = await one_of_everything(tenure, ws, tmp_path / "mail")
    await add_copies(ws, furniture)
    await tenure.settle()
    answered = tmp_path / "answered"
    answered.touch()
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
        hooks = {
            "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py")),
            "FUZZ_URL": gateway,
            "FUZZ_KEY": ws.keys["admin"],
            "FUZZ_SPARED": json.dumps(spared),
            "FUZZ_ANSWERED": str(answered),
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env=os.environ | hooks,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    statuses = by_operation(answered.read_text(encoding="utf-8"))
    never = {
        name: seen for name, seen in statuses.items() if not any(n.startswith("2") for n in seen)
    }
    lines = [f"  {name}: {', '.join(sorted(seen))}" for name, seen in sorted(never.items())]
    reached = len(statuses) - len(never)
    told = f"{reached} of {len(statuses)} operations succeeded at least once; never did"
    report = "\n".join([output.decode(), told, *lines])
    print(report.partition("= SUMMARY =")[2][-6000:])
    (HOME / "fuzz.txt").write_text(report, encoding="utf-8")
    assert process.returncode == 0, report[-20_000:]
    assert reached >= _REACHED * len(OPERATIONS), "\n".join([told, *lines])
