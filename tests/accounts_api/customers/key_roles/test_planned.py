"""Holdings that begin later, and such as began before they were told."""

from datetime import UTC, datetime

from tests.accounts_api.customers.key_roles.making import account, holders, member
from tests.accounts_api.records.making import make
from tests.harness import Tenure


async def test_a_planned_holding_begins_by_itself_at_its_instant(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada, bea, cleo = [await member(ws, name) for name in ("Ada", "Bea", "Cleo")]
    one = await account(ws, "One", key_roles={"csm": [ada]})
    segment = {"title": "Bea's", "record_type": "account", "rule": f'role csm held by "{bea}"'}
    watched = (await ws.admin.post("/v1/segments", segment)).json()["id"]
    path = f"/v1/accounts/{one}/key-roles"
    any_version = {"if-match": "*"}

    async def plan(who: str, at: str) -> int:
        body = {"member_ids": [who], "valid_from": at}
        answer = await ws.team_member.put(f"{path}/csm", body, headers=any_version)
        assert answer.json()["key_roles"] == {"csm": [ada]}
        return answer.status_code

    assert await plan(cleo, "2026-03-05T08:30:00Z") == 202
    assert await plan(bea, "2026-03-05T09:30:00+01:00") == 202
    assert await plan(cleo, "2026-03-20T00:00:00Z") == 202
    seen = (await ws.observer.get(path)).json()["planned"]
    assert [(row["member_ids"], row["valid_from"]) for row in seen] == [
        ([bea], "2026-03-05T08:30:00Z"),
        ([cleo], "2026-03-20T00:00:00Z"),
    ]
    gone = f"{path}/planned/{seen[1]['id']}"
    assert [(await ws.admin.delete(gone)).status_code for _ in range(2)] == [204, 404]
    await tenure.set_clock(ws, datetime(2026, 3, 5, 8, 29, 59, tzinfo=UTC))
    assert await holders(ws, one) == [ada]
    await tenure.set_clock(ws, datetime(2026, 3, 9, 9, 0, tzinfo=UTC))
    assert await holders(ws, one) == [bea]
    listed = (await ws.observer.get(path)).json()
    assert listed["planned"] == []
    assert [(row["member_id"], row["valid_from"], row["valid_to"]) for row in listed["data"]] == [
        (bea, "2026-03-05T08:30:00Z", None),
        (ada, "2026-03-02T09:00:00Z", "2026-03-05T08:30:00Z"),
    ]
    history = (await ws.admin.get(f"/v1/accounts/{one}/history?field=key_roles.csm")).json()
    newest = history["data"][0]
    assert newest["valid_from"] == "2026-03-05T08:30:00Z"
    assert [link["id"] for link in newest["cause"]][-1] == "clock"
    was = await ws.admin.get(f"/v1/accounts/{one}?as_of=2026-03-06T00:00:00Z")
    assert was.json()["key_roles"] == {"csm": [bea]}
    members = (await ws.observer.get(f"/v1/segments/{watched}/members")).json()["data"]
    assert [row["record_id"] for row in members] == [one]


async def test_what_cannot_begin_says_why(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    one = await account(ws, "One")
    path = f"/v1/accounts/{one}/key-roles"
    body = {"member_ids": [ada], "valid_from": "2026-03-05T08:00:00Z"}
    planned = await ws.admin.put(f"{path}/csm", body, headers={"if-match": '"v1"'})
    assert planned.status_code == 202
    twice = {**body, "member_ids": [ada, one]}
    refused = await ws.admin.put(f"{path}/csm", twice, headers={"if-match": "*"})
    assert [error["code"] for error in refused.json()["errors"]] == [
        "single_holder",
        "unknown_member",
    ]
    assert (await ws.admin.post(f"/v1/members/{ada}/deactivate")).status_code == 200
    await tenure.set_clock(ws, datetime(2026, 3, 6, 9, 0, tzinfo=UTC))
    (row,) = (await ws.observer.get(path)).json()["planned"]
    assert (row["state"], row["refusal"]) == ("refused", "unknown_member")


async def test_a_holding_can_be_dated_back_to_the_first_instant_of_the_account(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    one = await account(ws, "One", key_roles={"csm": [ada]})
    await tenure.set_clock(ws, datetime(2026, 3, 9, 9, 0, tzinfo=UTC))
    path = f"/v1/accounts/{one}/key-roles"

    async def say(at: str) -> tuple[int, str | None]:
        body = {"member_ids": [bea], "valid_from": at}
        answer = await ws.admin.put(f"{path}/csm", body, headers={"if-match": "*"})
        return answer.status_code, answer.json().get("code")

    assert await say("2026-03-01T00:00:00Z") == (422, "invalid")
    assert await holders(ws, one) == [ada]
    assert await say("2026-03-04T00:00:00Z") == (200, None)
    held = (await ws.admin.get(path)).json()["data"]
    assert [(row["member_id"], row["valid_from"], row["valid_to"]) for row in held] == [
        (bea, "2026-03-04T00:00:00Z", None),
        (ada, "2026-03-02T09:00:00Z", "2026-03-04T00:00:00Z"),
    ]
    was = await ws.admin.get(f"/v1/accounts/{one}?as_of=2026-03-05T00:00:00Z")
    assert was.json()["key_roles"] == {"csm": [bea]}


async def test_what_was_planned_for_the_loser_of_a_merge_is_planned_for_the_winner(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    winner, loser = [await make(ws, "accounts", {"name": name}) for name in ("Acme", "Inc")]
    plans = [(winner, ada, 10), (loser, bea, 10), (loser, bea, 12)]
    for one, holder, day in plans:
        body = {"member_ids": [holder], "valid_from": f"2026-03-{day}T09:00:00Z"}
        path = f"/v1/accounts/{one['id']}/key-roles/csm"
        planned = await ws.admin.put(path, body, headers={"if-match": "*"})
        assert planned.status_code == 202, planned.text
    path = f"/v1/accounts/{winner['id']}"
    merged = await ws.admin.post(f"{path}/merge", {"loser_id": loser["id"]})
    assert merged.status_code == 200, merged.text
    seen = (await ws.admin.get(f"{path}/key-roles")).json()["planned"]
    assert [(plan["member_ids"], plan["valid_from"][8:10]) for plan in seen] == [
        ([ada], "10"),
        ([bea], "12"),
    ]
    await tenure.set_clock(ws, datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert (await ws.admin.get(path)).json()["key_roles"] == {"csm": [bea]}
