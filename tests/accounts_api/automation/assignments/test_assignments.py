"""Key roles that assign themselves, through HTTP."""

import asyncio

from tests.accounts_api.customers.key_roles.making import account, holders, member, role_id, rule
from tests.harness import Tenure, Workspace


async def accounts(ws: Workspace, count: int, **fields: object) -> list[str]:
    made = await asyncio.gather(*(account(ws, f"A{n}", **fields) for n in range(count)))
    return sorted(made)


async def look(ws: Workspace) -> dict[str, object]:
    path = f"/v1/key-roles/{await role_id(ws)}/assignment-rules"
    found: dict[str, object] = (await ws.observer.get(path)).json()["progress"]
    return found


async def test_an_account_that_enters_a_rule_gets_the_member_with_the_fewest(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    await account(ws, "Busy", key_roles={"csm": [ada]})
    made = await rule(ws, "arr > 1000", algorithm="fewest_accounts", pool=[bea, ada])
    await tenure.settle()
    ids = await accounts(ws, 3, arr=200_000, currency="USD")
    small = await account(ws, "Small", arr=5, currency="USD")
    await tenure.settle()
    # Bea is behind by one, then Ada is first by name.
    assert [await holders(ws, one) for one in ids] == [[bea], [ada], [bea]]
    assert await holders(ws, small) == []
    history = (await ws.admin.get(f"/v1/accounts/{ids[0]}/history?field=key_roles.csm")).json()
    (change,) = history["data"]
    assert change["cause"][0]["type"] in {"api_key", "member"}
    assert change["cause"][-1] == {"type": "rule", "id": made["id"], "label": "CSM: arr > 1000"}


async def test_a_person_beats_the_rule_unless_it_is_to_apply_always(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea, cleo = [await member(ws, name) for name in ("Ada", "Bea", "Cleo")]
    calm = await rule(ws, 'country = "DE"', member_id=ada)
    await rule(ws, 'country = "FR"', member_id=bea, policy="always")
    await tenure.settle()
    one = await account(ws, "One", key_roles={"csm": [cleo]}, country="DE")
    empty = await account(ws, "Empty", country="DE")
    await tenure.settle()
    assert [await holders(ws, one), await holders(ws, empty)] == [[cleo], [ada]]
    # Whoever takes the role away by hand is not contradicted while the account stays in the set.
    cleared = {"key_roles": {"csm": None}, "domain": "empty.example"}
    assert (await ws.admin.patch(f"/v1/accounts/{empty}", cleared)).status_code == 200
    await tenure.settle()
    assert await holders(ws, empty) == []
    for account_id in (one, empty):
        await ws.admin.patch(f"/v1/accounts/{account_id}", {"country": "FR"})
    await tenure.settle()
    assert [await holders(ws, one), await holders(ws, empty)] == [[bea], [bea]]
    path = f"/v1/key-roles/{await role_id(ws)}/assignment-rules/{calm['id']}"
    assert (await ws.admin.patch(path, {"policy": "always"}, if_match='"v1"')).status_code == 200
    stale = await ws.admin.patch(path, {"policy": "when_empty"}, if_match='"v1"')
    assert stale.status_code == 412


async def test_applying_gives_existing_accounts_their_holders_in_turn(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea, cleo = [await member(ws, name) for name in ("Ada", "Bea", "Cleo")]
    ids = await accounts(ws, 5)
    held = await account(ws, "Held", key_roles={"csm": [cleo]})
    await tenure.settle()
    pool = [cleo, ada, bea]
    await rule(ws, 'name starts with "A"', algorithm="round_robin", pool=pool)
    await rule(ws, "name is not empty", member_id=ada)
    await tenure.settle()
    assert [await holders(ws, one) for one in ids] == [[]] * 5
    assert (await look(ws))["purpose"] == "learn"
    base = f"/v1/key-roles/{await role_id(ws)}/assignment-rules"
    assert (await ws.admin.post(f"/v1/members/{ada}/deactivate")).status_code == 200
    seen = (await ws.observer.post(f"{base}/preview", {})).json()
    assert (seen["assigned"], seen["kept"], seen["unassigned"]) == (5, 1, 0)
    assert {one["member_id"]: one["assigned"] for one in seen["members"]} == {cleo: 3, bea: 2}
    assert [one["member_id"] for one in seen["samples"]] == [cleo, bea, cleo, bea, cleo]
    started = await ws.leader.post(f"{base}/apply")
    assert (started.status_code, started.json()["state"]) == (202, "running")
    await tenure.settle()
    assert [await holders(ws, one) for one in ids] == [[cleo], [bea], [cleo], [bea], [cleo]]
    assert await holders(ws, held) == [cleo]
    done = await look(ws)
    assert (done["purpose"], done["state"], done["assigned"]) == ("apply", "done", 5)
    new = await account(ws, "A next")
    await tenure.settle()
    assert await holders(ws, new) == [bea]
    assert (await ws.observer.post(f"{base}/apply")).status_code == 403
    faults = [rule["faults"] for rule in (await ws.observer.get(base)).json()["data"]]
    assert [[fault["code"] for fault in found] for found in faults] == [[], ["no_eligible_member"]]


async def test_two_accounts_at_once_are_balanced_by_revenue(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    await account(ws, "Euro", arr=10**9, currency="EUR", key_roles={"csm": [ada]})
    await account(ws, "Large", arr=500, currency="USD", key_roles={"csm": [ada]})
    await rule(ws, "role csm not held", algorithm="least_managed_revenue", pool=[ada, bea])
    await tenure.settle()
    first, second, third = await accounts(ws, 3, arr=300, currency="USD")
    await tenure.settle()
    assert [await holders(ws, one) for one in (first, second, third)] == [[bea], [bea], [ada]]
    # The rule asks whether somebody holds the role: who is taken away comes back, once.
    await ws.admin.patch(f"/v1/accounts/{third}", {"key_roles": {"csm": []}})
    await tenure.settle()
    assert await holders(ws, third) == [ada]


async def test_every_fault_of_a_rule_is_named_at_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    base = f"/v1/key-roles/{await role_id(ws)}/assignment-rules"
    stranger = "0198c0de-0000-7000-8000-000000000009"
    bad = {"title": "Bad", "rule": "ar > 5", "algorithm": "round_robin", "member_id": stranger}
    refused = await ws.admin.post(base, bad)
    assert refused.status_code == 422
    assert {(error["pointer"], error["code"]) for error in refused.json()["errors"]} == {
        ("/rule", "unknown_field"),
        ("/algorithm", "member_or_algorithm"),
        ("/pool", "required"),
        ("/member_id", "unknown_member"),
    }
    ada = await member(ws, "Ada")
    one = await rule(ws, "arr > 5", member_id=ada)
    again = await ws.admin.post(base, {"title": "arr > 5", "rule": "arr > 6", "member_id": ada})
    assert (again.status_code, again.json()["code"]) == (409, "assignment_rule_title_taken")
    assert (await ws.admin.get(f"{base}/{one['id']}")).json() == one
    assert (await ws.admin.delete(f"{base}/{one['id']}")).status_code == 204
    none = await ws.admin.post(f"{base}/apply")
    assert (none.status_code, none.json()["code"]) == (409, "no_assignment_rules")


async def test_two_rules_that_chase_each_other_come_to_rest(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    await rule(ws, f'role csm held by "{ada}"', member_id=bea, policy="always")
    await rule(ws, f'role csm held by "{bea}"', member_id=ada, policy="always")
    await tenure.settle()
    one = await account(ws, "One", key_roles={"csm": [ada]})
    await tenure.settle()
    history = (await ws.admin.get(f"/v1/accounts/{one}/history?field=key_roles.csm")).json()
    assert [change["new"] for change in history["data"]] == [[ada], [bea]]


async def test_a_status_does_not_run_in_a_circle_through_a_key_role(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    lost = {"title": "Lost", "status": "churned", "rule": f'role csm held by "{ada}"'}
    status = await ws.admin.post("/v1/lifecycle-rules", lost)
    assert status.status_code == 201, status.text
    made = await rule(ws, 'status = "churned"', member_id=ada)
    path = f"/v1/key-roles/{await role_id(ws)}/assignment-rules/{made['id']}"
    always = {"policy": "always"}
    closed = await ws.admin.patch(path, always)
    (fault,) = closed.json()["errors"]
    assert (closed.status_code, fault["code"]) == (422, "rule_cycle")
    assert fault["path"] == ["key role CSM", "the lifecycle status", "key role CSM"]
    gone = await ws.admin.delete(f"/v1/lifecycle-rules/{status.json()['id']}")
    assert gone.status_code == 204
    assert (await ws.admin.patch(path, always)).status_code == 200
    closed = await ws.admin.post("/v1/lifecycle-rules", lost)
    (fault,) = closed.json()["errors"]
    assert fault["path"][0] == fault["path"][-1] == "the lifecycle status"


async def test_the_rules_of_a_key_role_go_with_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})
    path = f"/v1/key-roles/{made.json()['id']}"
    ada = await member(ws, "Ada")
    its = await rule(ws, "arr > 5", member_id=ada, role="owner")
    refused = await ws.admin.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert [user["id"] for user in refused.json()["usages"]] == [its["id"]]
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204
    again = await ws.admin.post("/v1/key-roles", {"key": "owner", "title": "Owner"})
    assert again.json()["id"] == made.json()["id"]
    listed = (await ws.admin.get(f"{path}/assignment-rules")).json()
    assert listed == {"data": [], "progress": None}
    one = await account(ws, "One", arr=10, currency="USD")
    await tenure.settle()
    assert await holders(ws, one, "owner") == []
