"""A file of who held which key role when: what is told of the past agrees however it is asked."""

from datetime import UTC, datetime
from typing import Any

from tests.accounts_api.customers.imports.making import begin, counts, preview, rejected, run
from tests.accounts_api.customers.key_roles.making import holders
from tests.accounts_api.records.making import bulk, events_of
from tests.harness import Tenure, Workspace

HEADER = "Account External Id,Role,Member,From,To\n"
HISTORY = HEADER + (
    "a,CSM,left@n.example,1/15/2026,2/1/2026\n"
    "a,csm,ada@n.example,2/1/2026,2/20/2026\n"
    "a,csm,bea@n.example,2/20/2026,\n"
    "a,Account Executive,ada@n.example,2026-01-20T10:00:00Z,\n"
    "b,csm,left@n.example,1/15/2026,1/20/2026\n"
)


async def world(ws: Workspace) -> dict[str, str]:
    """Two accounts of January, and three members of whom one left."""
    ids = {}
    for name in ("ada", "bea", "left"):
        body = {"full_name": name, "email": f"{name}@n.example"}
        ids[name] = (await ws.admin.post("/v1/members", body)).json()["id"]
    await ws.admin.post(f"/v1/members/{ids['left']}/deactivate")
    born = {"effective_at": "2026-01-10T00:00:00Z"}
    for row in await bulk(ws, "accounts", [{"external_id": e, "name": e, **born} for e in "ab"]):
        ids[row["external_id"]] = row["id"]
    return ids


async def held_then(ws: Workspace, day: str, **holds: str) -> list[str]:
    """External ids of accounts, of a list and of single reads."""
    then = {"as_of": f"2026-{day}T12:00:00Z"}
    ((role, member),) = holds.items()
    query = {**then, "filter": f'role {role} held by "{member}"', "include": "key_roles"}
    listed = (await ws.observer.get("/v1/accounts", params=query)).json()["data"]
    for account in listed:
        one = (await ws.observer.get(f"/v1/accounts/{account['id']}", params=then)).json()
        assert one["key_roles"] == account["key_roles"]
        assert account["key_roles"][role] == [member]
    return [account["external_id"] for account in listed]


async def stints_of(ws: Workspace, account_id: str) -> list[dict[str, Any]]:
    answer = await ws.observer.get(f"/v1/accounts/{account_id}/key-roles")
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_who_held_a_key_role_when_comes_in_and_the_past_agrees(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = await world(ws)
    segment = {
        "title": "Bea's",
        "record_type": "account",
        "rule": f'role csm held by "{ids["bea"]}"',
    }
    segment_id = (await ws.admin.post("/v1/segments", segment)).json()["id"]
    await tenure.settle()
    job = await begin(ws, "key_role_holding", HISTORY)
    assert [column["target"] for column in job["columns"]] == [
        "account_external_id",
        "key_role",
        "member_id",
        "valid_from",
        "valid_to",
    ]
    seen = await preview(ws, job)
    assert counts(seen) == (5, 0, 0, 0)
    assert [one["records"] for one in seen["segments"]] == [1]
    assert await stints_of(ws, ids["a"]) == []
    assert counts(await run(tenure, ws, job)) == (5, 0, 0, 0)
    assert await holders(ws, ids["a"]) == [ids["bea"]]
    assert await holders(ws, ids["b"]) == []
    for day, member, where in [
        ("01-16", "left", ["a", "b"]),
        ("01-25", "left", ["a"]),
        ("02-10", "ada", ["a"]),
        ("02-25", "bea", ["a"]),
        ("02-25", "ada", []),
        ("01-12", "left", []),
    ]:
        assert await held_then(ws, day, csm=ids[member]) == where, day
    assert await held_then(ws, "01-21", account_executive=ids["ada"]) == ["a"]
    members = await ws.observer.get(f"/v1/segments/{segment_id}/members")
    assert [record["record_id"] for record in members.json()["data"]] == [ids["a"]]
    for day, where in [("02-25", [ids["a"]]), ("02-10", [])]:
        then = {"as_of": f"2026-{day}T12:00:00Z"}
        found = await ws.observer.get(f"/v1/segments/{segment_id}/members", params=then)
        assert [record["record_id"] for record in found.json()["data"]] == where, day
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    stints = await stints_of(ws, ids["a"])
    again = await begin(ws, "key_role_holding", HISTORY)
    assert counts(await run(tenure, ws, again)) == (0, 0, 5, 0)
    assert await events_of(tenure, ws, "accounts.account_changed.v1") == told
    assert await stints_of(ws, ids["a"]) == stints
    await tenure.set_clock(ws, datetime(2026, 3, 3, 9, tzinfo=UTC))
    assigned = await ws.admin.put(
        f"/v1/accounts/{ids['a']}/key-roles/csm",
        {"member_ids": [ids["ada"]]},
        headers={"if-match": "*"},
    )
    assert assigned.status_code == 200, assigned.text
    third = await begin(ws, "key_role_holding", HISTORY)
    assert counts(await run(tenure, ws, third)) == (0, 0, 5, 0)
    assert await holders(ws, ids["a"]) == [ids["ada"]], "what came later stays"


async def test_a_stint_that_cannot_be_costs_what_is_told_of_its_key_role(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await world(ws)
    rows = (
        "a,csm,ada@n.example,2026-01-15,2026-02-15\n"
        "a,csm,bea@n.example,2026-02-01,\n"
        "a,account_executive,ada@n.example,2025-12-31,\n"
        "a,renewal_manager,left@n.example,2026-01-15,\n"
        "a,implementation_specialist,ada@n.example,2026-02-15,2026-02-01\n"
        "b,csm,nobody@n.example,2026-01-15,\n"
        "b,owner,ada@n.example,2026-01-15,\n"
        "b,account_executive,ada@n.example,2026-01-15,2026-04-01\n"
        "c,csm,ada@n.example,2026-01-15,\n"
        "b,renewal_manager,ada@n.example,2026-01-15,\n"
        "b,renewal_manager,ada@n.example,,\n"
        "b,implementation_specialist,ada@n.example,2026-01-15,\n"
    )
    job = await begin(ws, "key_role_holding", HEADER + rows)
    assert counts(await preview(ws, job)) == (1, 0, 0, 11)
    assert counts(await run(tenure, ws, job)) == (1, 0, 0, 11)
    assert await rejected(ws, job) == [
        (2, "From", "overlapping_holding"),
        (3, "From", "overlapping_holding"),
        (4, "From", "before_the_record"),
        (5, "To", "required"),
        (6, "To", "end_before_start"),
        (7, "Member", "unknown_member"),
        (8, "Role", "unknown_key_role"),
        (9, "To", "in_the_future"),
        (10, "Account External Id", "unknown_account"),
        (11, None, "other_row_rejected"),
        (12, "From", "required"),
    ]
    told = await begin(ws, "key_role_holding", HEADER + "b,csm,bea@n.example,2026-02-01,\n")
    assert counts(await run(tenure, ws, told)) == (1, 0, 0, 0)
    within = HEADER + "b,csm,ada@n.example,2026-02-10,2026-02-12\n"
    refused = await run(tenure, ws, await begin(ws, "key_role_holding", within))
    assert await rejected(ws, refused) == [(2, "From", "overlapping_holding")]


async def test_a_key_role_of_several_has_them_side_by_side(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ids = await world(ws)
    role = {"key": "expert", "title": "Expert", "multi": True}
    assert (await ws.admin.post("/v1/key-roles", role)).status_code == 201
    rows = (
        "a,Expert,ada@n.example,2026-01-15,\n"
        "a,Expert,bea@n.example,2026-02-01,2026-02-10\n"
        "a,Expert,left@n.example,2026-01-20,2026-02-05\n"
    )
    job = await begin(ws, "key_role_holding", HEADER + rows)
    assert counts(await run(tenure, ws, job)) == (3, 0, 0, 0)
    assert await holders(ws, ids["a"], "expert") == [ids["ada"]]
    then = await ws.observer.get(
        f"/v1/accounts/{ids['a']}", params={"as_of": "2026-02-03T00:00:00Z"}
    )
    assert set(then.json()["key_roles"]["expert"]) == {ids["ada"], ids["bea"], ids["left"]}
    again = await run(tenure, ws, await begin(ws, "key_role_holding", HEADER + rows))
    assert counts(again) == (0, 0, 3, 0)
