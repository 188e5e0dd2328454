"""What is written and what is worked out of a record are counted apart."""

from typing import Any

from tests.accounts_api.records.making import events_of, make, make_trait
from tests.harness import Tenure, Workspace


async def rule(ws: Workspace, rule: str, status: str = "churned") -> None:
    body = {"title": f"{status} by {rule}", "status": status, "rule": rule}
    made = await ws.admin.post("/v1/lifecycle-rules", body)
    assert made.status_code == 201, made.text


async def formula(ws: Workspace, record_type: str, key: str, text: str, kind: str) -> None:
    await make_trait(ws, record_type, key, "formula", formula=text, result_type=kind)


async def test_no_machines_work_refuses_an_edit(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await formula(ws, "account", "deals", "count(opportunities)", "number")
    await rule(ws, "arr = 0")
    account = await make(ws, "accounts", {"name": "A", "arr": 0})
    path = f"/v1/accounts/{account['id']}"
    read = await ws.admin.get(path)
    deal = {"name": "R", "type": "renewal", "account_id": account["id"]}
    await make(ws, "opportunities", deal)
    await tenure.settle()
    worked_out = await ws.admin.get(path, headers={"if-none-match": read.headers["etag"]})
    assert worked_out.status_code == 200
    assert worked_out.headers["etag"] != read.headers["etag"]
    shown = worked_out.json()
    assert (shown["lifecycle_status"], shown["traits"]["deals"]) == ("churned", 1)
    assert shown["version"] == 1
    assert worked_out.headers["etag"] == f'"v1.{shown["computed_version"]}"'
    edit = await ws.admin.patch(path, {"name": "B"}, if_match=read.headers["etag"])
    assert (edit.status_code, edit.json()["version"]) == (200, 2)
    again = await ws.admin.patch(path, {"name": "C"}, if_match=worked_out.headers["etag"])
    assert (again.status_code, again.json()["current_version"]) == (412, 2)
    plain = await ws.admin.patch(path, {"name": "C"}, if_match='"v2"')
    assert plain.status_code == 200


async def test_what_a_step_works_out_of_a_record_is_one_event(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await formula(ws, "account", "deals", "count(opportunities)", "number")
    await formula(ws, "account", "twice", "coalesce(traits.deals, 0) * 2", "number")
    await rule(ws, "count(opportunities) >= 1")
    account = await make(ws, "accounts", {"name": "A"})
    await tenure.settle()
    before = await told(tenure, ws)
    deal = {"name": "R", "type": "renewal", "account_id": account["id"]}
    await make(ws, "opportunities", deal)
    await tenure.settle()
    (event,) = (await told(tenure, ws))[len(before) :]
    assert (event["change"], event["version"]) == ("computed", 1)
    assert event["changed"] == ["lifecycle_status", "traits.deals", "traits.twice"]
    assert event["previous"] == {
        "lifecycle_status": "subscribed",
        "traits.deals": 0,
        "traits.twice": 0,
    }
    assert event["record"]["lifecycle_status"] == "churned"
    assert event["record"]["traits"] == {"deals": 1, "twice": 2}
    shown = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
    assert event["computed_version"] == shown["computed_version"]


async def told(tenure: Tenure, ws: Workspace) -> list[dict[str, Any]]:
    return await events_of(tenure, ws, "accounts.account_changed.v1")


async def test_partners_hear_of_what_is_worked_out_only_by_its_name(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await rule(ws, "arr = 0")
    await make(ws, "accounts", {"name": "A", "arr": 0})
    await tenure.settle()

    async def types(**params: str) -> set[str]:
        page = (await ws.admin.get("/v1/events", params=params)).json()
        return {event["type"] for event in page["data"]}

    for without in ({}, {"types": "*"}, {"types": "account.*"}):
        heard = await types(**without)
        assert "account.created" in heard
        assert "account.computed" not in heard
    assert await types(types="account.computed") == {"account.computed"}
    assert await types(types="*,account.computed") >= {"account.created", "account.computed"}
