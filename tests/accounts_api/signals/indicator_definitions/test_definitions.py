"""Definitions of indicators: what is refused, what a new rule does, where they are used."""

from tests.accounts_api.customers.key_roles.making import account, role_id
from tests.accounts_api.signals.indicators.making import (
    AT_RISK,
    definition,
    listed,
    move,
    published,
)
from tests.harness import Tenure

PATH = "/v1/indicator-definitions"
CALL = {"title": "Call them", "assignee_key_role": "csm"}


async def test_every_fault_of_a_definition_is_named_at_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {
        "title": "",
        "kind": "danger",
        "severity": 5,
        "record_type": "account",
        "rule": "no = 1",
        "owner_key_role": "cms",
        "call_to_action": {"title": "Call", "assignee_key_role": "no"},
        "colour": "red",
    }
    refused = await ws.admin.post(PATH, body)
    assert refused.status_code == 422
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers >= {"/title", "/kind", "/severity", "/rule", "/owner_key_role", "/colour"}
    assert "/call_to_action/assignee_key_role" in pointers
    (near,) = [f for f in refused.json()["errors"] if f["pointer"] == "/owner_key_role"]
    assert (near["code"], near["suggestion"]) == ("unknown_key_role", "csm")
    assert (await ws.team_member.post(PATH, body)).status_code == 403


async def test_a_new_rule_opens_and_clears_and_quietly_if_asked(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    french, german = await account(ws, "F", country="FR"), await account(ws, "G", country="DE")
    made = await definition(ws, rule=AT_RISK, call_to_action=CALL, quiet=True)
    await tenure.settle()
    assert [row["record_id"] for row in await listed(ws, state="open")] == [french]
    (event,) = await published(ws, "opened")
    assert event["data"]["call_to_action"] is None
    # Who comes later calls for something.
    more = await account(ws, "H", country="FR")
    await tenure.settle()
    assert (await published(ws, "opened"))[-1]["data"]["call_to_action"]["title"] == "Call them"
    assert (await ws.admin.delete(f"/v1/accounts/{more}")).status_code == 204
    path = f"{PATH}/{made['id']}"
    stale = await ws.admin.patch(path, {"severity": 1}, if_match='"v9"')
    assert stale.status_code == 412
    changed = await ws.admin.patch(path, {"rule": 'country = "DE"', "quiet": False, "severity": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    await tenure.settle()
    assert [row["record_id"] for row in await listed(ws, state="open")] == [german]
    assert (await listed(ws, state="open"))[0]["severity"] == 1
    assert (await published(ws, "opened"))[-1]["data"]["call_to_action"]["title"] == "Call them"
    shown = (await ws.observer.get(f"{PATH}/at_risk")).json()
    assert (shown["progress"]["state"], shown["open"]) == ("done", 1)
    without = await ws.admin.patch(path, {"rule": None})
    assert (without.json()["rule"], without.json()["rule_text"]) == (None, None)
    await tenure.settle()
    assert await listed(ws, state="open") == []


async def test_a_definition_that_is_archived_clears_what_is_live(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await account(ws, "F", country="FR")
    made = await definition(ws, rule=AT_RISK)
    await tenure.settle()
    taken = await ws.admin.post(PATH, {**{n: made[n] for n in KEPT}, "key": "other"})
    assert taken.json()["code"] == "indicator_definition_title_taken"
    assert (await ws.admin.delete(f"{PATH}/at_risk")).status_code == 204
    await tenure.settle()
    assert [row["cleared_by"] for row in await listed(ws)] == ["archived"]
    assert (await ws.admin.patch(f"{PATH}/{made['id']}", {"severity": 2})).status_code == 409
    assert (await ws.observer.get(PATH)).json()["data"] == []
    archived = (await ws.observer.get(PATH, params={"archived": True})).json()["data"]
    assert [row["key"] for row in archived] == ["at_risk"]
    again = await ws.admin.post(PATH, {**{n: made[n] for n in KEPT}, "key": "at_risk"})
    assert again.status_code == 201, again.text
    assert "indicator_definition.archived" in await ws.audited()


KEPT = ("title", "kind", "severity", "record_type")


async def test_a_key_role_is_used_by_the_indicators_that_name_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    owned = await definition(ws, "Owned", owner_key_role="csm")
    called = await definition(ws, "Called", call_to_action=CALL)
    both = await definition(ws, "Both", owner_key_role="csm", call_to_action=CALL)
    answer = await ws.observer.get(f"/v1/key-roles/{await role_id(ws)}/usages")
    used = [usage["id"] for usage in answer.json()["usages"]]
    assert sorted(used) == sorted(one["id"] for one in (owned, called, both))
    assert {usage["type"] for usage in answer.json()["usages"]} == {"indicator_definition"}


async def test_an_account_that_is_ignored_has_no_indicators(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    acme = await account(ws, "Acme", country="FR")
    await definition(ws, rule=AT_RISK, reopen_after_days=30, call_to_action=CALL)
    await definition(ws, "By hand")
    by_hand = {"definition_id": "by_hand", "record_id": acme}
    assert (await ws.admin.post("/v1/indicators", by_hand)).status_code == 201
    await tenure.settle()
    ignored = {"title": "Test", "status": "ignored", "rule": 'name = "Ignore"'}
    assert (await ws.admin.post("/v1/lifecycle-rules", ignored)).status_code == 201
    await tenure.settle()
    assert len(await listed(ws)) == 2
    await ws.admin.patch(f"/v1/accounts/{acme}", {"name": "Ignore"})
    await tenure.settle()
    assert await listed(ws) == []
    await ws.admin.patch(f"/v1/accounts/{acme}", {"name": "Acme"})
    await tenure.settle()
    assert {row["state"] for row in await listed(ws)} == {"open"}
    # It is back, and nothing new happened to it.
    (event,) = await published(ws, "reopened")
    assert event["data"]["call_to_action"] is None
    await move(tenure, ws, acme, "DE")
    assert len(await listed(ws, state="open")) == 1
