"""Accounts through the door."""

from tests.harness import Tenure


async def test_an_account_is_created_read_changed_and_listed(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post(
        "/v1/accounts",
        {"name": "Acme", "external_id": "a/1", "arr": 100, "currency": "USD", "domain": "acme.io"},
    )
    assert made.status_code == 201, made.text
    account = made.json()
    assert made.headers["etag"] == '"v1"'
    assert made.headers["location"] == f"/v1/accounts/{account['id']}"
    assert account["lifecycle_status"] == "subscribed"

    read = await ws.observer.get(f"/v1/accounts/{account['id']}")
    assert read.json() == account
    assert (
        await ws.observer.get(
            f"/v1/accounts/{account['id']}", headers={"if-none-match": '"v1"'}
        )
    ).status_code == 304
    assert (await ws.admin.get("/v1/accounts/by-external-id/a%2F1")).json() == account

    path = f"/v1/accounts/{account['id']}"
    assert (await ws.admin.patch(path, {"arr": 200}, if_match=None)).status_code == 428
    assert (await ws.admin.patch(path, {"arr": 200}, if_match='"v9"')).status_code == 412
    changed = await ws.admin.patch(path, {"arr": 200, "domain": None}, if_match='"v1"')
    assert changed.status_code == 200, changed.text
    assert changed.json()["version"] == 2
    assert changed.json()["arr"] == 200
    assert changed.json()["domain"] is None
    same = await ws.admin.patch(path, {"arr": 200}, if_match='"v2"')
    assert same.json()["version"] == 2

    listed = await ws.observer.get("/v1/accounts")
    assert [row["id"] for row in listed.json()["data"]] == [account["id"]]
    filtered = await ws.observer.get("/v1/accounts", params={"filter": "arr > 1 USD", "sort": "-arr"})
    assert filtered.status_code == 200, filtered.text
    assert len(filtered.json()["data"]) == 1
    history = await ws.observer.get(f"{path}/history")
    assert {row["field"] for row in history.json()["data"]} == {"created", "arr", "domain"}
    bulk = await ws.admin.post("/v1/accounts/bulk", {"rows": [{"external_id": "a/1", "name": "Acme2"}, {"external_id": "a/2", "name": "B"}, {"external_id": "x", "arr": "no"}, {"name": 1}]})
    assert bulk.status_code == 200, bulk.text
    print(bulk.json())
