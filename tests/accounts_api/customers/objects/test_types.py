"""Object types through HTTP: their names, their links, and how they go."""

from typing import Any

from tests.accounts_api.customers.objects.making import define, projects
from tests.accounts_api.records.making import make, make_trait
from tests.harness import Tenure

TYPES = "/v1/object-types"


async def test_only_admins_define_types_and_every_change_is_audited(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"key": "device", "plural_key": "devices", "title": "D", "plural_title": "Ds"}
    assert (await ws.leader.post(TYPES, body)).status_code == 403
    device = await define(ws, "device", ())
    path = f"{TYPES}/{device['id']}"
    assert (await ws.observer.get(path)).json() == device
    assert (await ws.admin.patch(path, {"title": "Box"}, if_match='"v7"')).status_code == 412
    changed = await ws.admin.patch(
        path, {"title": "Box", "links": [{"to": "contact"}]}, if_match='"v1"'
    )
    assert changed.json()["links"] == [{"to": "contact", "reverse": "devices"}]
    log = (await ws.admin.get("/v1/audit-log", params={"target_id": device["id"]})).json()["data"]
    assert [entry["action"] for entry in log] == ["object_type.changed", "object_type.created"]


async def test_names_that_mean_something_already_are_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {
        "key": "account",
        "plural_key": "any",
        "title": "X",
        "plural_title": "Xs",
        "links": [
            {"to": "account", "reverse": "contacts"},
            {"to": "account", "reverse": "xs"},
            {"to": "opportunity", "reverse": "stage"},
        ],
    }
    refused = await ws.admin.post(TYPES, body)
    assert refused.status_code == 422
    assert {e["pointer"]: e["code"] for e in refused.json()["errors"]} == {
        "/key": "reserved",
        "/plural_key": "reserved",
        "/links/0/reverse": "reserved",
        "/links/1/to": "taken",
        "/links/2/reverse": "reserved",
    }
    await define(ws, "device")
    same = body | {"key": "device", "plural_key": "boxes", "links": []}
    assert (await ws.admin.post(TYPES, same)).json()["code"] == "key_taken"
    reverse = same | {"key": "box", "links": [{"to": "account", "reverse": "devices"}]}
    assert (await ws.admin.post(TYPES, reverse)).json()["code"] == "reverse_taken"
    trait = {"record_type": "crate", "key": "x", "title": "X", "type": "string"}
    unknown = await ws.admin.post("/v1/traits", trait)
    assert unknown.json()["errors"][0]["code"] == "unknown_record_type"


async def test_a_link_that_is_held_or_looked_along_stays(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    found = await projects(ws)
    path = f"{TYPES}/{found['id']}"
    account = await make(ws, "accounts", {"name": "Acme"})
    fields = {"name": "P", "account_id": account["id"]}
    project = await make(ws, "objects/project", fields)
    rule = {"title": "Busy", "record_type": "account", "rule": 'any projects (name = "P")'}
    await make(ws, "segments", rule)
    held = await ws.admin.patch(path, {"links": []}, if_match='"v1"')
    assert (held.json()["code"], held.json()["records"]) == ("in_use", 1)
    await ws.admin.patch(
        f"/v1/objects/project/{project['id']}", {"account_id": None}, if_match='"v1"'
    )
    seen = await ws.admin.patch(path, {"links": []}, if_match='"v1"')
    assert [user["title"] for user in seen.json()["usages"]] == ["Busy"]
    renamed = {"links": [{"to": "account", "reverse": "rollouts"}]}
    assert (await ws.admin.patch(path, renamed, if_match='"v1"')).status_code == 409
    forced = await ws.admin.patch(f"{path}?force=true", {"links": []}, if_match='"v1"')
    assert forced.json()["links"] == []
    read = (await ws.admin.get(f"/v1/objects/project/{project['id']}")).json()
    assert "account_id" not in read


async def test_an_archived_type_is_only_read(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    found = await projects(ws)
    await make(ws, "objects/project", {"name": "P"})
    path = f"{TYPES}/{found['id']}"
    await ws.admin.patch(path, {"archived": True}, if_match='"v1"')
    refused = await ws.admin.post("/v1/objects/project", {"name": "Q"})
    assert (refused.status_code, refused.json()["code"]) == (409, "object_type_archived")
    bulk = await ws.admin.post("/v1/objects/project/bulk", {"rows": [{"external_id": "x"}]})
    assert bulk.json()["code"] == "object_type_archived"
    assert len((await ws.admin.get("/v1/objects/project")).json()["data"]) == 1
    assert (await ws.admin.get(TYPES)).json()["data"] == []
    archived = await ws.admin.get(TYPES, params={"archived": True})
    assert [one["key"] for one in archived.json()["data"]] == ["project"]
    await ws.admin.patch(path, {"archived": False}, if_match='"v2"')
    await make(ws, "objects/project", {"name": "Q"})


async def test_a_type_in_use_goes_only_by_force_and_takes_its_instances_along(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    found = await projects(ws)
    await make(ws, "accounts", {"name": "Acme"})
    await make(ws, "objects/project", {"name": "P"})
    rule = {"title": "Busy", "record_type": "account", "rule": 'any projects (name = "P")'}
    segment = await make(ws, "segments", rule)
    path = f"{TYPES}/{found['id']}"
    refused = await ws.admin.delete(path, if_match='"v1"')
    assert refused.status_code == 409
    assert refused.json()["records"] == 1
    users = [(user["type"], user["title"]) for user in refused.json()["usages"]]
    assert users == [("segment", "Busy"), ("trait", "hours"), ("trait", "phase")]
    assert (await ws.observer.get(f"{path}/usages")).json()["usages"] == refused.json()["usages"]

    assert (await ws.admin.delete(f"{path}?force=true", if_match='"v1"')).status_code == 204
    assert (await ws.admin.get("/v1/objects/project")).status_code == 404
    due = (await ws.admin.get("/v1/status")).json()["due_work"]
    assert due["objects_of_deleted_types"] == 1
    again: dict[str, Any] = {
        "key": "project",
        "plural_key": "projects",
        "title": "P",
        "plural_title": "Ps",
        "links": [{"to": "account"}],
    }
    assert (await ws.admin.post(TYPES, again)).json()["code"] == "key_taken"
    await tenure.settle()
    assert (await ws.admin.get("/v1/traits")).json()["data"] == []
    stale = (await ws.admin.get(f"/v1/segments/{segment['id']}")).json()
    assert [fault["code"] for fault in stale["faults"]] == ["unknown_relation"]
    await make(ws, "object-types", again)
    assert (await ws.admin.get("/v1/objects/project")).json()["data"] == []


async def test_a_segment_of_accounts_follows_their_instances(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    acme = await make(ws, "accounts", {"name": "Acme"})
    other = await make(ws, "accounts", {"name": "Other"})
    late = 'count(projects where traits.phase = "late") >= 1'
    body = {"title": "Late", "record_type": "account", "rule": late}
    segment = await make(ws, "segments", body)

    async def members() -> list[str]:
        await tenure.settle()
        path = f"/v1/segments/{segment['id']}"
        assert (await ws.admin.get(path)).json()["progress"]["processed"] == 2, (
            "looked at every record"
        )
        return [m["name"] for m in (await ws.admin.get(f"{path}/members")).json()["data"]]

    assert await members() == []
    fields = {"name": "P", "account_id": acme["id"], "traits": {"phase": "late"}}
    project = await make(ws, "objects/project", fields)
    path = f"/v1/objects/project/{project['id']}"
    assert await members() == ["Acme"]
    await ws.admin.patch(path, {"account_id": other["id"]}, if_match='"v1"')
    assert await members() == ["Other"]
    await ws.admin.patch(path, {"traits": {"phase": "live"}}, if_match='"v2"')
    assert await members() == []
    await ws.admin.patch(path, {"traits": {"phase": "late"}}, if_match='"v3"')
    assert await members() == ["Other"]
    await ws.admin.delete(path, if_match='"v4"')
    assert await members() == []


async def test_traits_of_a_type_are_converted_and_deleted_like_others(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await define(ws)
    await make_trait(ws, "project", "size", "string")
    await make_trait(ws, "account", "size", "string")
    await make(ws, "accounts", {"name": "A", "traits": {"size": "large"}})
    project = await make(ws, "objects/project", {"name": "P", "traits": {"size": "12"}})
    traits = (await ws.admin.get("/v1/traits", params={"record_type": "project"})).json()["data"]
    path = f"/v1/traits/{traits[0]['id']}"
    preview = await ws.admin.post(f"{path}/preview-type", {"type": "number"})
    assert (preview.json()["convertible"], preview.json()["unconvertible"]) == (1, 0)
    await ws.admin.patch(path, {"type": "number"}, if_match='"v1"')
    read = await ws.admin.get(f"/v1/objects/project/{project['id']}")
    assert read.json()["traits"] == {"size": 12}
    assert (await ws.admin.delete(path, if_match='"v2"')).json()["records"] == 1


async def test_formulas_and_rules_over_instances_are_checked_like_others(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    rule = {"record_type": "project", "rule": "account.arr > 5 USD and traits.hours >= 2"}
    assert (await ws.observer.post("/v1/rules/validate", rule)).json()["valid"] is True
    unknown = await ws.observer.post("/v1/rules/validate", rule | {"record_type": "crate"})
    assert unknown.json()["errors"][0]["code"] == "unknown_record_type"

    formula = {"type": "formula", "result_type": "number", "title": "Hours"}
    total = formula | {"record_type": "account", "formula": "sum(projects.traits.hours)"}
    await make(ws, "traits", total | {"key": "total_hours"})
    twice = formula | {"record_type": "project", "formula": "traits.hours * 2"}
    await make(ws, "traits", twice | {"key": "twice"})
    account = await make(ws, "accounts", {"name": "Acme"})
    fields = {"name": "P", "account_id": account["id"], "traits": {"hours": 3}}
    project = await make(ws, "objects/project", fields)
    assert project["traits"] == {"hours": 3, "twice": 6}
    await tenure.settle()
    read = await ws.observer.get(f"/v1/accounts/{account['id']}")
    assert read.json()["traits"] == {"total_hours": 3}
