"""Rows of tasks and notes as another platform would hand them over."""

from typing import Any

from shared.ids import new_id
from tests.accounts_api.records.making import make
from tests.harness import Client, Tenure, Workspace

BULK = {"task": "/v1/tasks/bulk", "note": "/v1/notes/bulk"}


async def acme(ws: Workspace) -> dict[str, Any]:
    return await make(ws, "accounts", {"name": "Acme", "external_id": "crm-1"})


async def as_member(tenure: Tenure, ws: Workspace, role: str) -> tuple[str, Client]:
    """A member of this role, and a client with a key of theirs."""
    name = new_id().hex
    person = {"full_name": name, "email": f"{name}@example.com", "role": role}
    made = await ws.admin.post("/v1/members", person)
    assert made.status_code == 201, made.text
    key = await ws.admin.post("/v1/api-keys", {"name": name, "member_id": made.json()["id"]})
    assert key.status_code == 201, key.text
    return made.json()["id"], tenure.client(authorization=f"Bearer {key.json()['secret']}")


def row(number: int, **said: Any) -> dict[str, Any]:
    about = {"subject_type": "account", "subject_external_id": "crm-1"}
    return {"external_id": f"old-{number}", "title": f"Number {number}", **about, **said}


async def write(
    client: Client, kind: str, rows: list[dict[str, Any]], **said: Any
) -> dict[str, Any]:
    answer = await client.post(BULK[kind], {"rows": rows, **said})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def faults(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in result.get("errors", [])]
