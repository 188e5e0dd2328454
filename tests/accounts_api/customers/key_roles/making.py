"""Short ways to members, key roles and their rules."""

from typing import Any

from shared.ids import new_id
from tests.harness import Workspace


async def role_id(ws: Workspace, key: str = "csm") -> str:
    listed = await ws.admin.get("/v1/key-roles")
    return str(next(role["id"] for role in listed.json()["data"] if role["key"] == key))


async def member(ws: Workspace, name: str) -> str:
    email = f"{new_id().hex[-8:]}@northwind.example"
    made = await ws.admin.post("/v1/members", {"full_name": name, "email": email})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def account(ws: Workspace, name: str, **fields: Any) -> str:
    made = await ws.admin.post("/v1/accounts", {"name": name, **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def rule(ws: Workspace, written: str, **more: Any) -> dict[str, Any]:
    path = f"/v1/key-roles/{await role_id(ws, more.pop('role', 'csm'))}/assignment-rules"
    made = await ws.admin.post(path, {"title": written, "rule": written, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def holders(ws: Workspace, account_id: str, role: str = "csm") -> list[str]:
    found = (await ws.observer.get(f"/v1/accounts/{account_id}")).json()
    held: list[str] = found["key_roles"].get(role, [])
    return held
