"""What the tests of indicators make and ask."""

from collections.abc import Sequence
from typing import Any

from tests.harness import Tenure, Workspace

AT_RISK = 'country = "FR"'


async def definition(ws: Workspace, title: str = "At risk", **more: Any) -> dict[str, Any]:
    body = {"title": title, "kind": "risk", "severity": 3, "record_type": "account", **more}
    made = await ws.admin.post("/v1/indicator-definitions", body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def listed(ws: Workspace, **params: Any) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/indicators", params=params)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def acted(ws: Workspace, indicator_id: str, action: str, **body: Any) -> dict[str, Any]:
    answer = await ws.team_member.post(f"/v1/indicators/{indicator_id}/{action}", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def history(ws: Workspace, indicator_id: str) -> list[dict[str, Any]]:
    answer = await ws.observer.get(f"/v1/indicators/{indicator_id}/history?limit=200")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def walk(ws: Workspace, indicator_id: str) -> list[tuple[str, str]]:
    """Its changes with the states that they led to."""
    return [(row["change"], row["state"]) for row in await history(ws, indicator_id)]


async def published(ws: Workspace, *names: str) -> list[dict[str, Any]]:
    """Public events of indicators, oldest first, without the first part of their names."""
    types = ",".join(f"indicator.{name}" for name in names or EVENTS)
    answer = await ws.admin.get("/v1/events", params={"types": types, "limit": 200})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


EVENTS: Sequence[str] = (
    "opened",
    "reopened",
    "addressed",
    "silenced",
    "cleared",
    "reassigned",
)


async def move(tenure: Tenure, ws: Workspace, account_id: str, country: str) -> None:
    """The rule `AT_RISK` asks for it."""
    edited = await ws.admin.patch(f"/v1/accounts/{account_id}", {"country": country})
    assert edited.status_code == 200, edited.text
    await tenure.settle()
