"""What the tests of health make and ask."""

from typing import Any

from tests.harness import Workspace

PATH = "/v1/health-scores"


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def score(ws: Workspace, key: str = "overall", **more: Any) -> dict[str, Any]:
    body = {"key": key, "title": key.title(), "record_type": "account", **more}
    return await made(ws, PATH, body)
