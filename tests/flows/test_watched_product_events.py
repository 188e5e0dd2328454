"""A product event that a webhook endpoint watches by name reaches it, and no other does."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TRACKED = "product_event.tracked"


async def made(ws: Workspace, path: str, **body: Any) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def endpoint(ws: Workspace, *names: str, **more: Any) -> str:
    url = "https://127.0.0.1/"
    return str(
        (await made(ws, "/v1/webhook-endpoints", url=url, product_events=list(names), **more))["id"]
    )


async def track(ws: Workspace, name: str, user: str, **properties: Any) -> None:
    body = {"event": name, "userId": user, "properties": properties}
    assert (await ws.admin.post("/v1/track", body)).status_code == 200


async def heard(ws: Workspace) -> list[dict[str, Any]]:
    answer = await ws.admin.get("/v1/events", params={"types": TRACKED, "wait": 0})
    assert answer.status_code == 200, answer.text
    return [event["data"] for event in answer.json()["data"]]


async def delivered(ws: Workspace, endpoint_id: str) -> int:
    answer = await ws.admin.get("/v1/webhook-deliveries", params={"endpoint_id": endpoint_id})
    return sum(row["type"] == TRACKED for row in answer.json()["data"])


async def watched(tenure: Tenure, ws: Workspace) -> set[str]:
    statement = text("select name from product_event_watchers where workspace_id = :id")
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        return set((await uow.connection.execute(statement, {"id": ws.id})).scalars())


async def test_what_is_watched_is_heard_once_and_by_those_who_watch(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await track(ws, "login", "u1", early=True)
    exports = await endpoint(ws, "Report Exported")
    both = await endpoint(ws, "Report Exported", "login")
    nothing = await endpoint(ws)
    await tenure.settle()
    grace = await made(ws, "/v1/contacts", name="Grace", external_id="u1")
    await track(ws, "Report Exported", "u1", rows=3)
    await track(ws, "logout", "u1")
    await tenure.settle()
    # What came before anybody watched is heard of when it is known of whom it is, once.
    early, export = sorted(await heard(ws), key=lambda data: str(data["event"]), reverse=True)
    assert (early["event"], early["properties"]) == ("login", {"early": True})
    assert (export["event"], export["properties"]) == ("Report Exported", {"rows": 3})
    assert {export["contact_id"], early["contact_id"]} == {grace["id"]}
    assert export["happened_at"] == "2026-03-02T09:00:00Z"
    assert [await delivered(ws, each) for each in (exports, both, nothing)] == [1, 2, 0]
    links = {"accounts": [{"account_id": (await made(ws, "/v1/accounts", name="acme"))["id"]}]}
    assert (await ws.admin.patch(f"/v1/contacts/{grace['id']}", links)).status_code == 200
    await tenure.settle()
    assert len(await heard(ws)) == 2
    again = await ws.admin.post(
        f"/v1/webhook-endpoints/{exports}/replay", {"since": "2020-01-01T00:00:00Z"}
    )
    assert again.status_code == 202, again.text
    await tenure.settle()
    assert await delivered(ws, exports) == 2


async def test_what_nobody_watches_any_more_is_not_published(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await made(ws, "/v1/contacts", name="Grace", external_id="u1")
    first, second = await endpoint(ws, "login", "logout"), await endpoint(ws, "login")
    await tenure.settle()
    assert await watched(tenure, ws) == {"login", "logout"}
    path = f"/v1/webhook-endpoints/{first}"
    assert (await ws.admin.patch(path, {"product_events": ["login"]})).status_code == 200
    await tenure.settle()
    assert await watched(tenure, ws) == {"login"}
    assert (await ws.admin.post(f"{path}/disable")).status_code == 200
    assert (await ws.admin.delete(f"/v1/webhook-endpoints/{second}")).status_code == 204
    await tenure.settle()
    await track(ws, "login", "u1")
    await tenure.settle()
    assert (await watched(tenure, ws), await heard(ws)) == (set(), [])
    assert (await ws.admin.post(f"{path}/enable")).status_code == 200
    await tenure.settle()
    await track(ws, "login", "u1")
    await tenure.settle()
    assert [data["event"] for data in await heard(ws)] == ["login"]
