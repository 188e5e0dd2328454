"""Segment definitions: groups, drafts, explanations, archiving, and everything that is refused."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from accounts_api.automation.memberships import evaluation
from tests.accounts_api.automation.segments.making import made, members, segment
from tests.harness import Tenure, Workspace


async def account(ws: Workspace, name: str, arr: int) -> str:
    body = {"name": name, "arr": arr, "currency": "USD"}
    return str((await made(ws, "/v1/accounts", body))["id"])


async def refused(ws: Workspace, path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


async def test_a_record_is_in_one_segment_of_a_group(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    big, small = await account(ws, "Big", 1000), await account(ws, "Small", 10)
    managed = await segment(ws, "arr > 100", group="service_model", priority=1)
    scaled = await segment(ws, "arr > 1", group="service_model", priority=2)
    await tenure.settle()
    assert await members(ws, managed) == {big}
    assert await members(ws, scaled) == {small}

    await ws.admin.patch(f"/v1/accounts/{big}", {"arr": 50})
    await tenure.settle()
    assert await members(ws, managed) == set()
    assert await members(ws, scaled) == {big, small}
    place = f"/v1/segments/{managed}/members/{small}"
    assert (await ws.admin.put(place, {"included": True})).json()["member"] is True
    assert await members(ws, scaled) == {big}

    taken = await refused(
        ws,
        "/v1/segments",
        {
            "title": "Third",
            "record_type": "account",
            "rule": "arr > 1",
            "group": "service_model",
            "priority": 2,
        },
        409,
    )
    assert taken["code"] == "segment_priority_taken"
    gone = await ws.admin.delete(f"/v1/segments/{managed}")
    assert gone.status_code == 204, gone.text
    await tenure.settle()
    assert await members(ws, scaled) == {big, small}
    assert await members(ws, managed) == set()


async def test_a_new_rule_moves_members_and_keeps_the_old_version(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one, two = await account(ws, "One", 10), await account(ws, "Two", 20)
    rich = await segment(ws, "arr >= 20")
    await tenure.settle()
    draft = {"record_type": "account", "rule": "arr <= 10", "segment_id": rich}
    seen = (await ws.observer.post("/v1/segments/preview", draft)).json()
    assert seen["rule"] == {"field": "arr", "op": "lte", "value": 10}
    counts = [seen[name] for name in ("records", "count", "entering", "leaving", "unchanged")]
    assert counts == [2, 1, 1, 1, 0]
    assert [sample["id"] for sample in seen["entering_samples"]] == [one]
    assert [sample["id"] for sample in seen["leaving_samples"]] == [two]

    path = f"/v1/segments/{rich}"
    assert (await ws.admin.patch(path, {"rule": "arr <= 10"}, if_match='"v7"')).status_code == 412
    changed = await ws.admin.patch(path, {"rule": "arr <= 10"}, if_match='"v1"')
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"v2"'
    await tenure.settle()
    assert await members(ws, rich) == {one}
    same = await ws.admin.patch(path, {"rule": "arr <= 10"})
    assert same.json()["version"] == 2
    checked = await ws.admin.post(f"{path}/recheck")
    assert checked.status_code == 202, checked.text
    await tenure.settle()
    fill = (await ws.admin.get(path)).json()["progress"]
    assert (fill["state"], fill["corrected"]) == ("done", 0)


async def test_an_explanation_shows_each_node_with_what_it_found(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await account(ws, "One", 10)
    await made(
        ws,
        "/v1/contacts",
        {"name": "Ann", "accounts": [{"account_id": one, "plan_roles": ["Champion"]}]},
    )
    rule = 'arr > 5 USD and any contacts (plan_roles has any ("Champion"))'
    found = await segment(ws, rule)
    await tenure.settle()
    answer = await ws.observer.get(f"/v1/segments/{found}/explain", params={"record_id": one})
    assert answer.status_code == 200, answer.text
    explained = answer.json()
    assert explained["verdict"] is False
    assert explained["member"] is False
    written, unignored = explained["explanation"]["items"]
    arr, contacts = written["items"]
    assert (arr["verdict"], arr["actual"]) == (False, {"field": "arr", "value": 10})
    assert (contacts["verdict"], contacts["actual"]) == (True, {"matching": 1, "of": 1})
    assert contacts["related"][0]["actual"]["value"] == ["Champion"]
    assert unignored["verdict"] is True
    stranger = {"record_id": str(uuid4())}
    absent = await ws.observer.get(f"/v1/segments/{found}/explain", params=stranger)
    assert absent.status_code == 404


async def test_a_segment_that_others_ask_for_is_archived_only_by_force(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await account(ws, "One", 10)
    deal = await made(ws, "/v1/opportunities", {"name": "R", "type": "renewal", "account_id": one})
    scaled = await segment(ws, "arr > 1")
    theirs = await segment(ws, f'any account (in segment "{scaled}")', "opportunity")
    await tenure.settle()
    assert await members(ws, theirs) == {deal["id"]}
    used = await ws.admin.delete(f"/v1/segments/{scaled}")
    assert used.status_code == 409
    assert [user["id"] for user in used.json()["usages"]] == [theirs]

    cycle = {"rule": f'in segment "{scaled}"'}
    again = await ws.admin.patch(f"/v1/segments/{scaled}", cycle)
    assert again.status_code == 422
    assert again.json()["errors"][0]["code"] == "segment_cycle"

    gone = await ws.admin.delete(f"/v1/segments/{scaled}", params={"force": "true"})
    assert gone.status_code == 204, gone.text
    await tenure.settle()
    assert await members(ws, theirs) == set()
    archived = (await ws.admin.get("/v1/segments", params={"archived": "true"})).json()["data"]
    assert [row["id"] for row in archived] == [scaled]
    assert (await ws.admin.patch(f"/v1/segments/{scaled}", {"title": "X"})).status_code == 409


async def test_a_bad_rule_stores_nothing_and_points_at_every_fault(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rule = {
        "all": [
            {"field": "arrr", "op": "gt", "value": 1},
            {"field": "status", "op": "eq", "value": "subscribd"},
            {"segment": str(uuid4()), "op": "member"},
            {"key_role": "csn", "op": "held"},
        ]
    }
    body = {"title": "Bad", "record_type": "account", "rule": rule}
    problem = await refused(ws, "/v1/segments", body, 422)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/rule/all/0/field", "unknown_field"),
        ("/rule/all/1/value", "bad_value"),
        ("/rule/all/2/segment", "unknown_segment"),
        ("/rule/all/3/key_role", "unknown_key_role"),
    ]
    assert problem["errors"][3]["suggestion"] == "csm"
    for more in ({"group": "g"}, {"priority": 3}, {"colour": "red"}, {"record_type": "account2"}):
        await refused(ws, "/v1/segments", {**body, "rule": "arr > 1", **more}, 422)
    assert (await ws.admin.get("/v1/segments")).json()["data"] == []
    await segment(ws, "arr > 1", title="Same")
    again = {"title": "Same", "record_type": "account", "rule": "arr > 2"}
    assert (await refused(ws, "/v1/segments", again, 409))["code"] == "segment_title_taken"


async def test_a_rule_is_checked_and_converted_both_ways(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"record_type": "account", "rule": 'status = "trial" and arr > 5 USD'}
    answer = (await ws.observer.post("/v1/rules/validate", body)).json()
    assert answer["valid"] is True
    assert answer["rule_text"] == body["rule"]
    back = {"record_type": "account", "rule": answer["rule"]}
    assert (await ws.observer.post("/v1/rules/validate", back)).json() == answer
    body["rule"] = "stauts is empty"
    answer = (await ws.observer.post("/v1/rules/validate", body)).json()
    assert answer["valid"] is False
    assert answer["faults"] == [
        {
            "code": "unknown_field",
            "message": "account has no field 'stauts'.",
            "pointer": "/rule",
            "column": 1,
            "suggestion": "status",
        }
    ]


async def test_events_carry_the_cause_back_to_who_changed_what(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await account(ws, "One", 1)
    rich = await segment(ws, "arr > 5")
    await tenure.settle()
    await ws.leader.patch(f"/v1/accounts/{one}", {"arr": 10})
    await tenure.settle()
    statement = text(
        "select payload, cause from events where workspace_id = :id"
        " and name = 'accounts.segment_entered.v1'"
    )
    async with tenure.workers["accounts"].units.across_workspaces() as scope:
        (row,) = (await scope.connection.execute(statement, {"id": ws.id})).all()
    assert row.payload["record_id"] == one
    assert row.payload["reason"] == "rule"
    assert [link["type"] for link in row.cause] == ["api_key", "segment"]
    assert row.cause[-1]["id"] == rich
    listed = await ws.observer.get("/v1/accounts", params={"include": "segments"})
    assert [found["id"] for found in listed.json()["data"][0]["segments"]] == [rich]


async def test_a_rule_that_fails_stands_still_and_stops_no_other(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    one = await account(ws, "One", 1)
    good, bad = await segment(ws, "arr > 5"), await segment(ws, "arr > 6")
    await tenure.settle()
    whole = evaluation._usable

    async def breaks(uow: Any, found: Any, catalog: Any) -> Any:
        if any(str(segment.id) == bad for segment in found):
            await uow.connection.execute(text("select 1/0"))
        return await whole(uow, found, catalog)

    monkeypatch.setattr(evaluation, "_usable", breaks)
    await ws.admin.patch(f"/v1/accounts/{one}", {"arr": 10})
    await tenure.settle()
    assert await members(ws, good) == {one}
    assert await members(ws, bad) == set()
    shown = (await ws.admin.get(f"/v1/segments/{bad}")).json()
    assert [fault["code"] for fault in shown["faults"]] == ["failed"]

    monkeypatch.undo()
    assert (await ws.admin.post(f"/v1/segments/{bad}/recheck")).status_code == 202
    await tenure.settle()
    assert await members(ws, bad) == {one}
    assert (await ws.admin.get(f"/v1/segments/{bad}")).json()["faults"] == []
