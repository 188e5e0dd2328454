from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure


async def test_merged_organizations_hand_over_their_accounts(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    winner = await make(ws, "organizations", {"name": "Winner"})
    loser = await make(ws, "organizations", {"name": "Loser", "domain": "loser.example"})
    account = await make(ws, "accounts", {"name": "A", "organization_id": loser["id"]})
    path = f"/v1/organizations/{winner['id']}"
    merged = await ws.admin.post(f"{path}/merge", {"loser_id": loser["id"]})
    assert merged.status_code == 200, merged.text
    assert (merged.json()["name"], merged.json()["domain"]) == ("Winner", "loser.example")
    moved = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
    assert (moved["organization_id"], moved["version"]) == (winner["id"], 2)
    told = (await events_of(tenure, ws, "accounts.account_changed.v1"))[-1]
    assert told["changed"] == ["organization_id"]


async def test_who_was_merged_twice_still_leads_to_the_last_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [{"external_id": name, "name": name} for name in ("a", "b", "c")]
    a, b, c = await bulk(ws, "organizations", rows)
    await ws.admin.post(f"/v1/organizations/{b['id']}/merge", {"loser_id": a["id"]})
    await ws.admin.post(f"/v1/organizations/{c['id']}/merge", {"loser_id": b["id"]})
    for path in (a["id"], b["id"], "by-external-id/a", "by-external-id/b"):
        read = await ws.admin.get(f"/v1/organizations/{path}")
        assert read.json()["id"] == c["id"], path
    account = await make(ws, "accounts", {"name": "A", "organization_external_id": "a"})
    assert account["organization_id"] == c["id"]
    edited = await ws.admin.patch(f"/v1/organizations/{a['id']}", {"domain": "x.example"})
    assert edited.json()["id"] == c["id"]
    undone = await ws.admin.post(f"/v1/organizations/{a['id']}/undelete")
    assert (undone.status_code, undone.json()["code"]) == (409, "merged")


async def test_an_account_keeps_an_organization_that_was_deleted_meanwhile(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    group = await make(ws, "organizations", {"name": "Group"})
    account = await make(ws, "accounts", {"name": "A", "organization_id": group["id"]})
    await ws.admin.delete(f"/v1/organizations/{group['id']}")
    kept = await ws.admin.patch(
        f"/v1/accounts/{account['id']}", {"organization_id": group["id"], "arr": 1}
    )
    assert kept.status_code == 200, kept.text
    other = await ws.admin.post("/v1/accounts", {"name": "B", "organization_id": group["id"]})
    assert other.json()["errors"][0]["code"] == "unknown_organization"
