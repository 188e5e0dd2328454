"""What the tests here make and ask."""

from typing import Any

from tests.harness import Workspace


async def events(ws: Workspace, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await ws.observer.get(f"/v1/{path}/product-events", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found
