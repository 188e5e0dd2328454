from datetime import UTC, datetime

from tests.accounts_api.records.making import make
from tests.harness import Tenure, Workspace


async def role_id(ws: Workspace, key: str) -> str:
    listed = await ws.admin.get("/v1/key-roles")
    return str(next(role["id"] for role in listed.json()["data"] if role["key"] == key))


async def test_a_workspace_starts_with_the_usual_four(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    listed = await ws.observer.get("/v1/key-roles")
    assert [role["key"] for role in listed.json()["data"]] == [
        "account_executive",
        "csm",
        "implementation_specialist",
        "renewal_manager",
    ]


async def test_who_held_a_role_when_stays_known(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, olga = ws.details["admin_id"], ws.details["observer_id"]
    account = await make(ws, "accounts", {"name": "A", "key_roles": {"csm": [ada]}})
    assert account["key_roles"] == {"csm": [ada]}
    await tenure.set_clock(ws, datetime(2026, 3, 9, 9, tzinfo=UTC))
    path = f"/v1/accounts/{account['id']}/key-roles"
    changed = await ws.admin.put(
        f"{path}/csm", {"member_ids": [olga]}, headers={"if-match": '"v1"'}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["key_roles"] == {"csm": [olga]}
    held = (await ws.admin.get(path)).json()["data"]
    assert [(h["member_id"], h["valid_from"], h["valid_to"]) for h in held] == [
        (olga, "2026-03-09T09:00:00Z", None),
        (ada, "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"),
    ]
    was = await ws.admin.get(f"/v1/accounts/{account['id']}?as_of=2026-03-05T00:00:00Z")
    assert was.json()["key_roles"] == {"csm": [ada]}
    listed = await ws.admin.get(
        "/v1/accounts",
        params={"include": "key_roles", "filter": f'role csm held by "{olga}"'},
    )
    assert [row["key_roles"] for row in listed.json()["data"]] == [{"csm": [olga]}]


async def test_a_single_role_has_one_holder(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    both = [ws.details["admin_id"], ws.details["observer_id"]]
    refused = await ws.admin.post("/v1/accounts", {"name": "A", "key_roles": {"csm": both}})
    assert refused.json()["errors"][0]["code"] == "single_holder"
    path = f"/v1/key-roles/{await role_id(ws, 'csm')}"
    assert (await ws.admin.patch(path, {"multi": True})).status_code == 200
    account = await make(ws, "accounts", {"name": "A", "key_roles": {"csm": both}})
    assert account["key_roles"] == {"csm": sorted(both)}
    single = await ws.admin.patch(path, {"multi": False})
    assert (single.status_code, single.json()["code"]) == (409, "several_holders")


async def test_a_used_role_is_deleted_only_by_force(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})
    assert made.status_code == 201, made.text
    taken = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})
    assert taken.json()["code"] == "key_taken"
    ada = ws.details["admin_id"]
    account = await make(ws, "accounts", {"name": "A", "key_roles": {"owner": [ada]}})
    path = f"/v1/key-roles/{made.json()['id']}"
    used = await ws.admin.delete(path)
    assert (used.status_code, used.json()["code"], used.json()["records"]) == (409, "in_use", 1)
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204
    read = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
    assert (read["key_roles"], read["version"]) == ({}, 2)
    again = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner again"})
    assert again.status_code == 201
