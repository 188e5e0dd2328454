"""Short ways to surveys, those who are asked, and what they say."""

from typing import Any

from shared.ids import new_id
from tests.harness import Workspace

SURVEYS = "/v1/surveys"


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def survey(ws: Workspace, kind: str = "nps", **fields: Any) -> dict[str, Any]:
    return await made(ws, SURVEYS, {"title": f"S {new_id().hex[-8:]}", "kind": kind, **fields})


async def account(ws: Workspace, **fields: Any) -> str:
    name = f"A {new_id().hex[-8:]}"
    return str((await made(ws, "/v1/accounts", {"name": name, **fields}))["id"])


async def contact(ws: Workspace, *accounts: str, **fields: Any) -> str:
    links = [{"account_id": one} for one in accounts]
    email = f"{new_id().hex[-8:]}@acme.example"
    body = {"name": "Grace", "email": email, "accounts": links, **fields}
    return str((await made(ws, "/v1/contacts", body))["id"])


async def invite(ws: Workspace, survey_id: str, *contacts: str) -> list[dict[str, Any]]:
    body = {"contacts": [{"contact_id": one} for one in contacts]}
    answer = await ws.admin.post(f"{SURVEYS}/{survey_id}/invitations", body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def respond(ws: Workspace, survey_id: str, answers: dict[str, Any], **more: Any) -> Any:
    body = {"survey_id": survey_id, "answers": answers, **more}
    return await made(ws, "/v1/survey-responses", body)


async def closed(ws: Workspace, survey_id: str, contact_id: str) -> dict[str, str]:
    """The gates that are closed, with why."""
    path = f"{SURVEYS}/{survey_id}/eligibility"
    answer = await ws.observer.get(path, params={"contact_id": contact_id})
    assert answer.status_code == 200, answer.text
    gates = answer.json()["gates"]
    assert answer.json()["eligible"] == all(gate["passed"] for gate in gates)
    return {gate["gate"]: gate["because"] for gate in gates if not gate["passed"]}


async def published(ws: Workspace, *types: str) -> list[dict[str, Any]]:
    """Public events of these types, oldest first."""
    answer = await ws.admin.get("/v1/events", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return [event for event in answer.json()["data"] if event["type"] in types]
