"""What the tests of metrics make and ask."""

from typing import Any

from tests.harness import Workspace


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(f"/v1/{path}", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def track(
    ws: Workspace, event: str, group: str | None = None, user: str | None = None, **more: Any
) -> None:
    body = {"event": event, "groupId": group, "userId": user, **more}
    answer = await ws.admin.post("/v1/track", {k: v for k, v in body.items() if v is not None})
    assert answer.status_code == 200, answer.text


async def metric(ws: Workspace, key: str, numerator: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"key": key, "title": key, "record_type": "account", "numerator": numerator, **more}
    return await made(ws, "metrics", body)


async def values(ws: Workspace, record_id: str, path: str = "accounts") -> dict[str, Any]:
    """By key, the value or the reason that there is none."""
    answer = await ws.observer.get(f"/v1/{path}/{record_id}/metrics")
    assert answer.status_code == 200, answer.text
    return {
        row["key"]: row["null_reason"] if row["value"] is None else row["value"]
        for row in answer.json()["data"]
    }
