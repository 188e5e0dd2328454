"""Short ways to members' keys."""

from typing import Any

from tests.harness import Client, Tenure, Workspace


async def key_with(ws: Workspace, tenure: Tenure, **given: Any) -> Client:
    answer = await ws.admin.post("/v1/api-keys", {"name": "narrow", **given})
    assert answer.status_code == 201, answer.text
    return tenure.client(authorization=f"Bearer {answer.json()['secret']}")
