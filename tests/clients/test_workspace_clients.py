"""Clients made from the document of one workspace compile, and know its traits and object types."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from deploy.clients import build, operations
from deploy.contract.environment import HOME, Tools
from tests.accounts_api.customers.objects.making import projects
from tests.accounts_api.records.making import make, make_trait
from tests.clients.making import run
from tests.harness import Tenure

pytestmark = pytest.mark.contract

TRAITS: Final = 50
_TYPESCRIPT: Final = """
import type { components } from "./schemas.js";

const body: components["schemas"]["AccountIn"] = {
  name: "Acme",
  traits: { tier: "gold", seats_1: 3, seats_2: null },
};
// @ts-expect-error: no such option
const tin: components["schemas"]["AccountTraitsIn"] = { tier: "tin" };
const traits = { hours: 4 };
const project: components["schemas"]["ProjectObjectIn"] = { name: "Roll-out", traits };
export { body, project, tin };
"""
_PYTHON: Final = """
from tenure_client import Tenure
from tenure_client.generated import types

body: types.AccountIn = {"name": "Acme", "traits": {"tier": "gold", "seats_1": 3, "seats_2": None}}
client = Tenure("https://tenure.example", "key")
create = client.objects.create_project_object
"""


@pytest.fixture
async def document(tenure: Tenure, gateway: str) -> dict[str, Any]:
    ws = await tenure.workspace()
    await projects(ws)
    tier = {"type": "select", "options": [{"value": "gold"}, {"value": "silver"}]}
    await make(ws, "traits", {"record_type": "account", "key": "tier", "title": "Tier", **tier})
    for number in range(1, TRAITS):
        await make_trait(ws, "account", f"seats_{number}", "number")
    key = {"authorization": f"Bearer {ws.keys['observer']}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.get(f"{gateway}/v1/openapi.json", headers=key)
    found: dict[str, Any] = answer.raise_for_status().json()
    traits = found["components"]["schemas"]["AccountTraits"]["properties"]
    assert len(traits) == TRAITS
    return found


async def test_typescript_knows_traits_and_options(
    document: dict[str, Any], tmp_path: Path
) -> None:
    tools = Tools(HOME)
    (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "script.ts").write_text(_TYPESCRIPT, encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    made = ["openapi.json", "--output", "schemas.ts"]
    await run([*tools.node_script("openapi-typescript"), *made], "", "", tmp_path)
    strictly = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "script.ts"]
    await run([*tools.node_script("tsc"), *strictly], "", "", tmp_path)


async def test_python_knows_traits_and_object_types(
    document: dict[str, Any], tmp_path: Path
) -> None:
    source = build.PYTHON / "src" / "tenure_client"
    package = tmp_path / "src" / "tenure_client"
    package.mkdir(parents=True)
    for module in (*source.glob("*.py"), source / "py.typed"):
        (package / module.name).write_bytes(module.read_bytes())
    build.generate_python(operations.prepared(document), tmp_path)
    (tmp_path / "script.py").write_text(_PYTHON, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--config-file", "", "--strict"]
    await run([*mypy, "src", "script.py"], "", "", tmp_path)
