"""A member leaves, through HTTP: preview, job, tasks, deactivation."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from httpx2 import Response

from accounts_api.automation.handovers import moving
from shared.net.answers import OutgoingError
from shared.service import Service
from tests.accounts_api.customers.key_roles.making import account, holders, member, rule
from tests.accounts_api.records.making import events_of
from tests.harness import Tenure, Workspace


async def refused(ws: Workspace, path: str, body: dict[str, Any]) -> set[tuple[str, str]]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 422, answer.text
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


async def put(ws: Workspace, path: str, body: dict[str, Any]) -> Response:
    return await ws.admin.put(path, body, headers={"if-match": "*"})


async def task(ws: Workspace, title: str, **fields: Any) -> dict[str, Any]:
    made = await ws.admin.post("/v1/tasks", {"title": title, "due_business_days": 2, **fields})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def assignee(ws: Workspace, made: dict[str, Any]) -> str | None:
    found = (await ws.observer.get(f"/v1/tasks/{made['id']}")).json()
    assert found["due_at"] == made["due_at"], "the clock runs on"
    held: str | None = found["assignee_id"]
    return held


async def test_everything_a_member_holds_goes_to_the_successors(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    ws = await tenure.workspace()
    grace, ada, bea = [await member(ws, name) for name in ("Grace", "Ada", "Bea")]
    ids = sorted(
        [await account(ws, f"A{n}", key_roles={"csm": [grace]}, arr=100) for n in range(5)]
    )
    deals = await account(ws, "Deals", key_roles={"renewal_manager": [grace], "csm": [ada]})
    await rule(ws, "arr > 1000000", member_id=grace)
    await tenure.settle()
    roles = f"/v1/accounts/{deals}/key-roles"
    later = {"member_ids": [grace], "valid_from": "2026-04-01T00:00:00Z"}
    for role in ("csm", "renewal_manager"):
        assert (await put(ws, f"{roles}/{role}", later)).status_code == 202
    calling = await task(ws, "Call", account_id=ids[0], assignee_key_role="csm")
    asking = await task(ws, "Ask", assignee_id=grace)
    path = f"/v1/members/{grace}/handover"
    held = (await ws.observer.get(f"{path}/preview")).json()
    assert [(row["key_role"], row["accounts"], row["revenue"]) for row in held["key_roles"]] == [
        ("csm", 5, 500),
        ("renewal_manager", 1, 0),
    ]
    assert held["tasks"] == {"open": 2, "by_key_role": {"csm": 1}}
    assert held["enrollments"] == {"by_key_role": {}, "own_mailbox": 0}
    assert [user["title"] for user in held["assignment_rules"]] == ["arr > 1000000"]
    assert (held["planned_holdings"], held["not_asked"]) == (2, [])
    still = await ws.admin.post(f"/v1/members/{grace}/deactivate")
    assert (still.status_code, still.json()["code"]) == (409, "still_holds")
    assert still.json()["key_roles"] == held["key_roles"]

    wanted = {
        "successors": {"csm": {"algorithm": "round_robin", "pool": [bea, ada]}},
        "default_successor": {"unassigned": True},
        "tasks_to": bea,
    }
    seen = (await ws.observer.post(f"{path}/preview", wanted)).json()
    takers = seen["key_roles"][0]["successors"]
    assert [(one["member_id"], one["assigned"], one["total_accounts"]) for one in takers] == [
        (ada, 2, 3),
        (bea, 3, 3),
    ]
    assert [one["has_mailbox"] for one in takers] == [False, False]
    assert seen["key_roles"][1]["unassigned"] == 1
    assert (await ws.leader.post(path, wanted)).status_code == 403
    assert (await ws.admin.get(path)).json()["code"] == "no_handover"
    begun = await ws.admin.post(path, wanted)
    assert (begun.status_code, begun.json()["state"], begun.json()["total"]) == (202, "running", 6)
    again = await ws.admin.post(path, wanted)
    assert (again.status_code, again.json()["code"]) == (409, "handover_running")
    await tenure.settle()
    done = (await ws.observer.get(path)).json()
    assert (done["state"], done["processed"], done["skipped"]) == ("done", 6, 0)
    assert done["moved"] == {"csm": {bea: 3, ada: 2}, "renewal_manager": {"unassigned": 1}}
    assert [await holders(ws, one) for one in ids] == [[bea], [ada], [bea], [ada], [bea]]
    assert await holders(ws, deals, "renewal_manager") == []
    assert await holders(ws, deals) == [ada]
    planned = (await ws.observer.get(roles)).json()["planned"]
    assert [(plan["key_role"], plan["member_ids"]) for plan in planned] == [("csm", [bea])]
    assert await assignee(ws, calling) == bea, "the new holder of the key role"
    assert await assignee(ws, asking) == bea
    history = (await ws.admin.get(f"/v1/accounts/{ids[1]}/history?field=key_roles.csm")).json()
    assert history["data"][0]["cause"][-1]["label"] == "Grace hands over"
    (told,) = await events_of(tenure, ws, "accounts.member_handed_over.v1")
    assert (told["member_id"], told["tasks_to"], told["accounts"]) == (grace, bea, 6)
    assert (await ws.admin.post(f"/v1/members/{grace}/deactivate")).status_code == 200


async def test_every_fault_of_a_handover_is_named_at_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    grace, ada = await member(ws, "Grace"), await member(ws, "Ada")
    await account(ws, "One", key_roles={"csm": [grace], "renewal_manager": [grace]})
    path = f"/v1/members/{grace}/handover"
    wrong = {
        "successors": {
            "csm": {"member_id": grace},
            "owner": {"unassigned": True, "member_id": ada},
            "account_executive": {"algorithm": "fewest_accounts"},
        },
        "tasks_to": grace,
    }
    for route in (path, f"{path}/preview"):
        assert await refused(ws, route, wrong) == {
            ("/successors/csm/member_id", "is_leaving"),
            ("/successors/owner", "one_successor"),
            ("/successors/owner", "unknown_key_role"),
            ("/successors/account_executive/pool", "required"),
            ("/successors/renewal_manager", "no_successor"),
            ("/tasks_to", "unknown_member"),
        }
    forced = await ws.admin.post(f"/v1/members/{grace}/deactivate?force=true")
    assert forced.status_code == 200
    others = {"default_successor": {"member_id": ada}}
    assert (await ws.admin.post(path, others)).status_code == 202, "one who has left may, too"
    await tenure.settle()
    assert (await ws.admin.get(path)).json()["moved"] == {
        "csm": {ada: 1},
        "renewal_manager": {ada: 1},
    }


async def test_another_system_deactivates_who_holds_nothing_or_says_that_it_means_it(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    path = "/v1/members/by-external-id/005G"
    grace = {"full_name": "Grace", "email": "grace@northwind.example"}
    made = (await ws.service.put(path, grace)).json()
    await account(ws, "One", key_roles={"csm": [made["id"]]})
    left = {**grace, "full_name": "Grace H.", "active": False}
    refused = await ws.service.put(path, left)
    assert (refused.status_code, refused.json()["code"]) == (409, "still_holds")
    assert [row["key_role"] for row in refused.json()["key_roles"]] == ["csm"]
    kept = (await ws.observer.get(f"/v1/members/{made['id']}")).json()
    assert kept == made, "nothing of it was done"
    forced = await ws.service.put(f"{path}?force=true", left)
    assert (forced.status_code, forced.json()["active"]) == (200, False)
    again = await ws.service.put(path, {**left, "full_name": "Grace Hopper"})
    assert (again.status_code, again.json()["active"]) == (200, False), "she has left already"
    told = (await ws.admin.get(f"/v1/audit-log?target_id={made['id']}")).json()["data"]
    assert [entry["action"] for entry in told] == [
        "member.updated",
        "member.deactivated",
        "member.created",
    ]


async def test_an_account_stays_when_nobody_is_left_to_take_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    grace, ada = await member(ws, "Grace"), await member(ws, "Ada")
    one = await account(ws, "One", key_roles={"csm": [grace]})
    path = f"/v1/members/{grace}/handover"
    begun = await ws.admin.post(path, {"default_successor": {"member_id": ada}})
    assert begun.status_code == 202
    assert (await ws.admin.post(f"/v1/members/{ada}/deactivate")).status_code == 200
    await tenure.settle()
    done = (await ws.admin.get(path)).json()
    assert (done["state"], done["skipped"], done["moved"]) == ("done", 1, {"csm": {}})
    assert await holders(ws, one) == [grace]


async def test_the_preview_says_who_could_not_be_asked(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = await tenure.workspace()
    grace = await member(ws, "Grace")
    ask = Service.ask

    async def deaf(self: Any, peer: str, *rest: Any, **more: Any) -> Any:
        if peer == "tasks":
            raise OutgoingError("no route to it")
        return await ask(self, peer, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Service, "ask", deaf)
    held = (await ws.observer.get(f"/v1/members/{grace}/handover/preview")).json()
    assert (held["tasks"], held["not_asked"]) == (None, ["tasks"])
    assert held["enrollments"] == {"by_key_role": {}, "own_mailbox": 0}


async def test_a_handover_that_was_cut_off_goes_on_where_it_stopped(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    ws = await tenure.workspace()
    grace, ada = await member(ws, "Grace"), await member(ws, "Ada")
    ids = [await account(ws, f"A{n}", key_roles={"csm": [grace]}) for n in range(5)]
    passed = []

    def cut_off(_: str) -> None:
        passed.append(1)
        if len(passed) == 2:
            raise ConnectionError("the process died")

    monkeypatch.setattr(moving, "faultpoint", cut_off)
    path = f"/v1/members/{grace}/handover"
    body = {"default_successor": {"algorithm": "round_robin", "pool": [ada]}}
    assert (await ws.admin.post(path, body)).status_code == 202
    with pytest.raises(ConnectionError):
        await tenure.settle()
    half = (await ws.admin.get(path)).json()
    assert (half["state"], half["processed"]) == ("running", 2)
    await tenure.settle()
    done = (await ws.admin.get(path)).json()
    assert (done["state"], done["processed"], done["moved"]) == ("done", 5, {"csm": {ada: 5}})
    for one in ids:
        history = (await ws.admin.get(f"/v1/accounts/{one}/history?field=key_roles.csm")).json()
        assert [change["new"] for change in history["data"]] == [[ada]]
    assert len(await events_of(tenure, ws, "accounts.member_handed_over.v1")) == 1


async def test_handovers_and_rules_that_choose_at_once_count_each_other(tenure: Tenure) -> None:
    """Two workers at once: what one has chosen, the other sees, since both lock the key role."""
    ws = await tenure.workspace()
    grace, ada, bea = [await member(ws, name) for name in ("Grace", "Ada", "Bea")]
    pool = {"algorithm": "fewest_accounts", "pool": [ada, bea]}
    await rule(ws, 'name starts with "New"', **pool)
    for n in range(6):
        await account(ws, f"Old {n}", key_roles={"csm": [grace]})
    await tenure.settle()
    for n in range(6):
        await account(ws, f"New {n}")
    body = {"default_successor": pool}
    assert (await ws.admin.post(f"/v1/members/{grace}/handover", body)).status_code == 202
    service = tenure.workers["accounts"]
    loops = {loop.name: loop for loop in tenure.loops["accounts"]}
    both = [loops[name].step(service) for name in ("rules", "handovers")]
    await asyncio.gather(*both)
    await tenure.settle()
    listed = (await ws.admin.get("/v1/accounts", params={"include": "key_roles"})).json()["data"]
    counted = Counter(row["key_roles"]["csm"][0] for row in listed)
    assert counted == {ada: 6, bea: 6}
