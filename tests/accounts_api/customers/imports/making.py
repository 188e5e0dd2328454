"""What the tests here make and ask."""

from typing import Any

from tests.harness import Workspace


async def begin(ws: Workspace, record_type: str, text: str, **more: Any) -> dict[str, Any]:
    given = {"record_type": record_type, "file_name": "file.csv", "csv": text, **more}
    made = await ws.team_member.post("/v1/imports", given)
    assert made.status_code == 201, made.text
    job: dict[str, Any] = made.json()
    assert made.headers["location"] == f"/v1/imports/{job['id']}"
    return job


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("created", "updated", "unchanged", "rejected"))
