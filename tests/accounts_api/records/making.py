"""Short ways to make records through HTTP and to see what was told of them."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json
from sqlalchemy import text

from tests.harness import Tenure, Workspace


async def make(ws: Workspace, plural: str, fields: dict[str, Any]) -> dict[str, Any]:
    made = await ws.admin.post(f"/v1/{plural}", fields)
    assert made.status_code == 201, made.text
    record: dict[str, Any] = made.json()
    return record


async def make_trait(ws: Workspace, record_type: str, key: str, kind: str, **more: Any) -> None:
    made = await ws.admin.post(
        "/v1/traits",
        {"record_type": record_type, "key": key, "title": key, "type": kind, **more},
    )
    assert made.status_code == 201, made.text


async def bulk(
    ws: Workspace, plural: str, rows: Sequence[Any], **options: Any
) -> list[dict[str, Any]]:
    """As a sync would: through a service token."""
    done = await ws.service.post(f"/v1/{plural}/bulk", {"rows": rows}, **options)
    assert done.status_code == 200, done.text
    results: list[dict[str, Any]] = done.json()["results"]
    return results


async def events_of(tenure: Tenure, ws: Workspace, name: str) -> list[dict[str, Any]]:
    """Payloads of the workspace's events of one name, oldest first."""
    async with tenure.workers["accounts"].units.across_workspaces() as scope:
        found = await scope.connection.scalars(
            text(
                "select payload::text from events where workspace_id = :workspace_id"
                " and name = :name order by xid, seq"
            ),
            {"workspace_id": ws.id, "name": name},
        )
        return [from_json(payload) for payload in found]
