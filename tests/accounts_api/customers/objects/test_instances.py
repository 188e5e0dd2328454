"""Instances of object types through HTTP: they are records like any other."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.customers.objects.making import define, projects
from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure, Workspace

PATH = "/v1/objects/project"


async def listed(ws: Workspace, path: str = PATH, **params: Any) -> list[str]:
    answer = await ws.observer.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["data"]]


async def test_an_instance_is_created_read_changed_and_deleted_like_a_record(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    account = await make(ws, "accounts", {"name": "Acme", "external_id": "A-1"})
    body = {
        "external_id": "P/1",
        "name": "Roll-out",
        "account_external_id": "A-1",
        "traits": {"phase": "kick-off"},
    }
    made = await ws.admin.post(PATH, body)
    assert made.status_code == 201, made.text
    project = made.json()
    path = f"{PATH}/{project['id']}"
    assert made.headers["location"] == path
    assert project["account_id"] == account["id"]
    assert "contact_id" not in project
    assert (await ws.admin.post(PATH, body)).json()["code"] == "external_id_taken"

    read = await ws.observer.get(path, params={"include": "account"})
    named = {"id": account["id"], "external_id": "A-1", "name": "Acme"}
    assert read.json() == project | {"account": named}
    assert (await ws.observer.get(f"{PATH}/by-external-id/P%2F1")).json() == project
    not_modified = await ws.observer.get(path, headers={"if-none-match": read.headers["etag"]})
    assert not_modified.status_code == 304

    change = {"traits": {"phase": "live"}}
    stale = await ws.admin.patch(path, change, if_match='"v7"')
    assert stale.status_code == 412
    changed = await ws.team_member.patch(path, change, if_match='"v1"')
    assert changed.json()["traits"] == {"phase": "live"}
    put = await ws.admin.put(f"{PATH}/by-external-id/P%2F1", {"name": "Roll-out 2"})
    assert (put.status_code, put.json()["version"]) == (200, 3)
    history = (await ws.observer.get(f"{path}/history")).json()["data"]
    assert [change["field"] for change in history] == ["name", "traits.phase", "created"]

    assert (await ws.admin.delete(path, if_match='"v3"')).status_code == 204
    assert (await ws.observer.get(path)).json()["code"] == "deleted"
    (row,) = await bulk(ws, "objects/project", [{"external_id": "P/1", "name": "Again"}])
    assert row["code"] == "deleted_by_person"
    back = await ws.admin.post(f"{path}/undelete", {})
    assert (back.status_code, back.json()["name"]) == (200, "Roll-out 2")
    told = await events_of(tenure, ws, "accounts.object_changed.v1")
    assert [event["change"] for event in told] == [
        "created", "updated", "updated", "deleted", "undeleted",
    ]  # fmt: skip
    assert {event["object_type"] for event in told} == {"project"}
    assert told[-1]["record"]["account_id"] == account["id"]
    assert told[-1]["record"]["traits"] == {"phase": "live"}
    await tenure.settle()
    feed = (await ws.admin.get("/v1/events", params={"types": "object.*"})).json()["data"]
    assert [event["type"] for event in feed] == [f"object.{event['change']}" for event in told]


async def test_every_fault_of_an_instance_is_told_at_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    body = {
        "name": "X",
        "account_external_id": "nobody",
        "contact_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
        "opportunity_external_id": "O-1",
        "traits": {"hours": "many", "colour": "red"},
    }
    refused = await ws.admin.post(PATH, body)
    assert refused.status_code == 422
    assert {e["pointer"]: e["code"] for e in refused.json()["errors"]} == {
        "/account_external_id": "unknown_account",
        "/contact_id": "unknown_field",
        "/opportunity_external_id": "unknown_field",
        "/traits/hours": "wrong_type",
        "/traits/colour": "unknown_trait",
    }


async def test_instances_are_listed_filtered_and_searched_across_types(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    await define(ws, "device", ({"to": "account"}, {"to": "contact", "reverse": "gadgets"}))
    for name, arr in (("Acme", 900), ("Small", 1)):
        fields = {"name": name, "arr": arr, "currency": "USD", "external_id": name}
        await make(ws, "accounts", fields)
    rows = [
        {"external_id": f"{n}", "name": f"P{n}", "account_external_id": owner,
         "traits": {"hours": n}}
        for n, owner in enumerate(("Acme", "Acme", "Small"))
    ]  # fmt: skip
    assert {r["status"] for r in await bulk(ws, "objects/project", rows)} == {"created"}
    assert {r["status"] for r in await bulk(ws, "objects/project", rows)} == {"unchanged"}
    same_key = [{"external_id": "0", "name": "Laptop", "account_external_id": "Acme"}]
    assert (await bulk(ws, "objects/device", same_key))[0]["status"] == "created"

    assert await listed(ws, sort="-traits.hours") == ["P2", "P1", "P0"]
    assert await listed(ws, filter="account.arr > 5 and traits.hours >= 1") == ["P1"]
    assert await listed(ws, filter='any account (name = "Small")') == ["P2"]
    found = await ws.observer.post(f"{PATH}/search", {"query": "p1", "count": "exact"})
    assert [row["name"] for row in found.json()["data"]] == ["P1"]
    assert found.json()["count"] == {"value": 1, "exact": True}

    accounts = "/v1/accounts"
    assert await listed(ws, accounts, filter="any projects (traits.hours = 2)") == ["Small"]
    assert await listed(ws, accounts, filter="count(projects where traits.hours < 2) = 2") == [
        "Acme"
    ]
    assert await listed(ws, accounts, filter='any devices (name = "Laptop")') == ["Acme"]
    with_projects = await ws.observer.get(accounts, params={"include": "projects", "sort": "name"})
    told = [[one["name"] for one in row["projects"]] for row in with_projects.json()["data"]]
    assert told == [["P0", "P1"], ["P2"]]
    wrong = await ws.observer.get(accounts, params={"filter": "any project (traits.hours = 2)"})
    assert wrong.json()["errors"][0]["suggestion"] == "projects"


async def test_pages_follow_each_other_without_a_gap(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    rows = [{"external_id": f"{n}", "name": f"P{n % 3}"} for n in range(7)]
    await bulk(ws, "objects/project", rows)
    params: dict[str, Any] = {"sort": "name", "limit": 3, "fields": "external_id"}
    seen: list[str] = []
    while True:
        page = (await ws.observer.get(PATH, params=params)).json()
        seen += [row["external_id"] for row in page["data"]]
        if not page["has_more"]:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == ["0", "3", "6", "1", "4", "2", "5"]
    other = await ws.observer.get("/v1/accounts", params=params)
    assert other.status_code == 400


async def test_merged_instances_lead_to_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    account = await make(ws, "accounts", {"name": "Acme"})
    winner = await make(ws, "objects/project", {"name": "W"})
    loser = await make(ws, "objects/project", {"name": "L", "account_id": account["id"]})
    merged = await ws.admin.post(f"{PATH}/{winner['id']}/merge", {"loser_id": loser["id"]})
    assert merged.json()["account_id"] == account["id"]
    assert (await ws.observer.get(f"{PATH}/{loser['id']}")).json()["id"] == winner["id"]
    told = await events_of(tenure, ws, "accounts.object_changed.v1")
    assert [e["merged_into"] for e in told if e["change"] == "merged"] == [winner["id"]]


async def test_instances_of_a_merged_account_belong_to_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    winner = await make(ws, "accounts", {"name": "Winner"})
    loser = await make(ws, "accounts", {"name": "Loser"})
    project = await make(ws, "objects/project", {"name": "P", "account_id": loser["id"]})
    await ws.admin.post(f"/v1/accounts/{winner['id']}/merge", {"loser_id": loser["id"]})
    read = await ws.observer.get(f"{PATH}/{project['id']}")
    assert read.json()["account_id"] == winner["id"]


async def test_an_instance_is_seen_as_it_was(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    await projects(ws)
    account = await make(ws, "accounts", {"name": "Acme"})
    fields = {"name": "P", "account_id": account["id"], "traits": {"phase": "kick-off"}}
    path = f"{PATH}/{(await make(ws, 'objects/project', fields))['id']}"
    await tenure.set_clock(ws, datetime(2026, 3, 5, 9, 0, tzinfo=UTC))
    await ws.admin.patch(path, {"name": "Q", "traits": {"phase": "live"}}, if_match='"v1"')

    then = {"as_of": "2026-03-03T00:00:00Z"}
    past = (await ws.observer.get(path, params=then)).json()
    assert (past["name"], past["traits"]) == ("P", {"phase": "kick-off"})
    before = await ws.observer.get(path, params={"as_of": "2026-03-01T00:00:00Z"})
    assert before.status_code == 404
    assert await listed(ws, **then, filter='traits.phase = "kick-off"') == ["P"]
    assert await listed(ws, **then, filter='traits.phase = "live"') == []
    rule = 'any projects (traits.phase = "kick-off")'
    assert await listed(ws, "/v1/accounts", **then, filter=rule) == ["Acme"]
    assert await listed(ws, "/v1/accounts", filter=rule) == []


async def test_an_instance_is_found_under_its_own_type_alone(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    await define(ws, "device")
    project = await make(ws, "objects/project", {"name": "P", "external_id": "P"})
    wrong = f"/v1/objects/device/{project['id']}"
    for answer in (
        await ws.admin.get(wrong),
        await ws.admin.get(f"{wrong}/history"),
        await ws.admin.get("/v1/objects/device/by-external-id/P"),
        await ws.admin.patch(wrong, {"name": "Q"}, if_match='"v1"'),
        await ws.admin.delete(wrong, if_match='"v1"'),
    ):
        assert answer.status_code == 404, answer.text
    nothing = await ws.admin.get("/v1/objects/nothing")
    assert nothing.json()["code"] == "object_type_not_found"
    elsewhere = await tenure.workspace()
    assert (await elsewhere.admin.get(f"{PATH}/{project['id']}")).status_code == 404
