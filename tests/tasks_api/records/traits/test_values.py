"""Tasks and notes have a workspace's own fields: written, refused, shown and told like others."""

from typing import Any

import pytest

from tests.accounts_api.records.making import make
from tests.harness import Tenure
from tests.tasks_api.records.making import as_member
from tests.tasks_api.records.traits.making import EFFORT, world

KINDS = pytest.mark.parametrize("kind", ["task", "note"])


@KINDS
async def test_values_are_written_and_cleared_one_by_one(tenure: Tenure, kind: str) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.define("due", "date")
    await w.define("urgent", "boolean", default=False)
    await w.known()
    made = await w.make({"effort": "small", "due": "2026-05-01"})
    assert made["traits"] == {"effort": "small", "due": "2026-05-01", "urgent": False}
    path = f"{w.path}/{made['id']}"
    match = {"if-match": "*"}
    said = {"traits": {"due": None, "urgent": True}}
    changed = await w.ws.admin.patch(path, said, headers=match)
    assert changed.json()["traits"] == {"effort": "small", "urgent": True}
    same = await w.ws.admin.patch(path, {"title": "Other", "traits": {}}, headers=match)
    assert same.json()["traits"] == {"effort": "small", "urgent": True}
    history = (await w.ws.admin.get(f"{path}/history")).json()["data"]
    told = {one["field"]: (one["old"], one["new"]) for one in history}
    assert told["traits.due"] == ("2026-05-01", None)
    assert told["traits.urgent"] == (False, True)
    assert "traits.effort" not in told
    only = await w.ws.admin.get(f"{path}/history", params={"field": "traits.due"})
    assert [one["field"] for one in only.json()["data"]] == ["traits.due"]


@KINDS
async def test_what_does_not_fit_is_refused_at_its_place(tenure: Tenure, kind: str) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.define("hours", "number", maximum=8)
    await w.define("owner", "member")
    await w.define("secret", "string", editable_by="admins")
    await w.define("old", "string", deprecated=True)
    bad = {
        "effrt": "small",
        "effort": "huge",
        "hours": "8",
        "owner": "0198c0de-0000-7000-8000-00000000ffff",
        "old": "x",
    }
    first = await w.ws.admin.post(w.path, w.body(traits={"effort": "small"}))
    assert [fault["code"] for fault in first.json()["errors"]] == ["unknown_trait"], "not heard yet"
    await w.known()
    nobody = {"account_id": "0198c0de-0000-7000-8000-00000000ffff"}
    answer = await w.ws.admin.post(w.path, w.body(traits=bad, **nobody))
    faults = {fault["pointer"]: fault for fault in answer.json()["errors"]}
    assert {pointer: fault["code"] for pointer, fault in faults.items()} == {
        "/account_id": "unknown_record",
        "/traits/effrt": "unknown_trait",
        "/traits/effort": "unknown_option",
        "/traits/hours": "wrong_type",
        "/traits/owner": "unknown_member",
        "/traits/old": "deprecated",
    }
    assert faults["/traits/effrt"]["suggestion"] == "effort"
    _, member = await as_member(tenure, w.ws, "team_member")
    assert await w.refusal({"secret": "x"}, member) == [("/traits/secret", "not_editable")]
    made = await w.make({"secret": "x", "owner": w.ws.details["admin_id"]})
    for body, code in (({"hours": 9}, "too_large"), ({"effort": "tiny"}, "unknown_option")):
        refused = await w.ws.admin.patch(
            f"{w.path}/{made['id']}", {"traits": body}, headers={"if-match": "*"}
        )
        assert [fault["code"] for fault in refused.json()["errors"]] == [code]
    assert await w.traits_of(made["id"]) == made["traits"]
    used = await w.ws.admin.get(f"/v1/members/{w.ws.details['admin_id']}/usages")
    assert ("trait", "owner") in {(u["type"], u["title"]) for u in used.json()["usages"]}


@KINDS
async def test_a_required_trait_is_said_of_what_is_new(tenure: Tenure, kind: str) -> None:
    w = await world(tenure, kind)
    before = await w.make({})
    await w.define("effort", "select", required=True, **EFFORT)
    await w.known()
    assert await w.refusal({}) == [("/traits/effort", "required")]
    path, match = f"{w.path}/{before['id']}", {"if-match": "*"}
    assert (await w.ws.admin.patch(path, {"title": "B"}, headers=match)).status_code == 200
    said = {"traits": {"effort": "small"}}
    assert (await w.ws.admin.patch(path, said, headers=match)).status_code == 200
    cleared = await w.ws.admin.patch(path, {"traits": {"effort": None}}, headers=match)
    assert [fault["code"] for fault in cleared.json()["errors"]] == ["required"]


@KINDS
async def test_rows_carry_traits_and_the_same_rows_change_nothing(
    tenure: Tenure, kind: str
) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.define("owner", "member")
    await w.known()
    owner = w.ws.details["admin_id"]
    rows: list[dict[str, Any]] = [
        {"traits": {"effort": "small", "owner": owner}},
        {"traits": {"effort": "huge"}},
        {},
    ]
    written = await w.bulk(rows)
    assert [one["status"] for one in written["results"]] == ["created", "rejected", "created"]
    assert written["results"][1]["errors"][0]["pointer"] == "/rows/1/traits/effort"
    again = await w.bulk([rows[0], {}, rows[2]], automation="quiet")
    assert [one["status"] for one in again["results"]] == ["unchanged", "created", "unchanged"]
    path = f"{w.path}/by-external-id/old-0"
    put = await w.ws.admin.put(path, {"traits": {"effort": "large"}})
    assert put.json()["traits"] == {"effort": "large", "owner": owner}
    assert put.json()["version"] == 2
    wrong = await w.ws.admin.put(path, {"traits": {"nothing": 1}})
    assert wrong.json()["errors"][0]["pointer"] == "/traits/nothing"


async def test_partners_are_told_of_traits(tenure: Tenure) -> None:
    for kind, type_ in (("task", "task.opened"), ("note", "note.logged")):
        w = await world(tenure, kind)
        await w.define("effort", "select", **EFFORT)
        await w.known()
        made = await w.make({"effort": "small"})
        await tenure.settle()
        events = (await w.ws.admin.get("/v1/events", params={"types": type_})).json()["data"]
        told = [one["data"] for one in events if one["type"] == type_]
        assert [one["traits"] for one in told if one[f"{kind}_id"] == made["id"]] == [
            {"effort": "small"}
        ]


async def test_what_tenure_opens_by_itself_has_the_defaults(tenure: Tenure) -> None:
    w = await world(tenure, "task")
    await w.define("effort", "select", default="large", required=True, **EFFORT)
    await w.known()
    expired = {"name": "Late", "type": "renewal", "account_id": w.account}
    dates = {"contract_start": "2020-01-01", "contract_expiration": "2021-01-01"}
    deal = await make(w.ws, "opportunities", {**expired, **dates})
    refused = await w.ws.admin.patch(
        f"/v1/opportunities/{deal['id']}", {"manually_enter_renewal_sequence": True}
    )
    assert refused.status_code == 409, refused.text
    await tenure.settle()
    tasks = (await w.ws.admin.get(w.path)).json()["data"]
    assert [task["traits"] for task in tasks] == [{"effort": "large"}]


@KINDS
async def test_rules_and_orders_speak_of_traits(tenure: Tenure, kind: str) -> None:
    w = await world(tenure, kind)
    await w.define("effort", "select", **EFFORT)
    await w.define("hours", "number")
    await w.define("due", "date")
    await w.known()
    for title, traits in (
        ("A", {"effort": "small", "hours": 2.5, "due": "2026-05-01"}),
        ("B", {"effort": "large", "hours": 0.1}),
        ("C", {"hours": 10}),
        ("D", {}),
    ):
        await w.make(traits, title=title)
    found = w.titles
    assert await found(filter='traits.effort = "small"') == ["A"]
    assert sorted(await found(filter="traits.hours >= 2")) == ["A", "C"]
    assert sorted(await found(filter='traits.due is empty and not traits.effort = "large"')) == [
        "C", "D",
    ]  # fmt: skip
    assert await found(sort="traits.hours") == ["B", "A", "C", "D"]
    for sort, key in (("traits.hours", "hours"), ("-traits.due", "due"), ("traits.effort", "")):
        whole, paged, cursor = await found(sort=sort), [], None
        while True:
            asked = {"sort": sort, "limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await w.ws.admin.get(w.path, params=asked)).json()
            paged += [one["title"] for one in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert paged == whole, key
    for said in ({"filter": 'traits.efort = "small"'}, {"sort": "traits.efort"}):
        refused = await w.ws.admin.get(w.path, params=said)
        assert refused.status_code == 422
        [fault] = refused.json()["errors"]
        assert (fault["code"], fault["suggestion"]) == ("unknown_field", "traits.effort")
    wrong = await w.ws.admin.get(w.path, params={"filter": "traits.hours = true"})
    assert wrong.status_code == 422
    searched = await w.ws.admin.post(f"{w.path}/search", {"filter": "traits.hours = 10"})
    assert [one["title"] for one in searched.json()["data"]] == ["C"]
    other = await tenure.workspace()
    elsewhere = await other.admin.get(w.path, params={"filter": "traits.hours = 10"})
    assert elsewhere.status_code == 422, "another workspace has no such trait"
