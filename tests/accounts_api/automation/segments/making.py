"""What the tests here make and ask."""

from typing import Any

from tests.harness import Workspace


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def segment(ws: Workspace, rule: Any, record_type: str = "account", **more: Any) -> str:
    body = {"title": f"S {len(str(rule))} {rule}"[:190], "record_type": record_type, "rule": rule}
    found = await made(ws, "/v1/segments", body | more)
    return str(found["id"])


async def members(ws: Workspace, segment_id: str, **params: Any) -> set[str]:
    answer = await ws.observer.get(f"/v1/segments/{segment_id}/members", params=params)
    assert answer.status_code == 200, answer.text
    return {row["record_id"] for row in answer.json()["data"]}
