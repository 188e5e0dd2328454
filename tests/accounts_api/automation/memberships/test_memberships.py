"""Segments through HTTP: they fill, follow changes, and follow time."""

from datetime import UTC, datetime, timedelta

from tests.accounts_api.automation.segments.making import made, members, segment
from tests.harness import Tenure


async def test_a_segment_fills_itself_and_says_how_far_it_is(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    big = await made(ws, "/v1/accounts", {"name": "Big", "arr": 9_000_000, "currency": "USD"})
    await made(ws, "/v1/accounts", {"name": "Small", "arr": 100, "currency": "USD"})
    found = await made(
        ws,
        "/v1/segments",
        {"title": "Big ones", "record_type": "account", "rule": "arr > 50000 USD"},
    )
    assert found["progress"]["state"] == "running"
    await tenure.settle()
    read = (await ws.observer.get(f"/v1/segments/{found['id']}")).json()
    assert read["progress"]["state"] == "done"
    assert read["progress"]["processed"] == 2
    assert read["count"] == 1
    assert read["arr"] == [{"currency": "USD", "amount": 9_000_000, "records": 1}]
    assert await members(ws, found["id"]) == {big["id"]}


async def test_a_change_moves_a_record_and_related_ones(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await made(ws, "/v1/accounts", {"name": "Acme", "arr": 100, "currency": "USD"})
    other = await made(ws, "/v1/accounts", {"name": "Other"})
    rich = await segment(ws, "arr > 5")
    open_deal = await segment(ws, "any opportunities (is_closed = false)")
    await tenure.settle()
    assert await members(ws, rich) == {account["id"]}
    assert await members(ws, open_deal) == set()

    deal = await made(
        ws,
        "/v1/opportunities",
        {"name": "Renewal", "type": "renewal", "account_id": account["id"]},
    )
    await ws.admin.patch(f"/v1/accounts/{account['id']}", {"arr": 1})
    await tenure.settle()
    assert await members(ws, rich) == set()
    assert await members(ws, open_deal) == {account["id"]}

    path = f"/v1/opportunities/{deal['id']}"
    moved = await ws.admin.patch(path, {"account_id": other["id"]})
    assert moved.status_code == 200, moved.text
    await tenure.settle()
    assert await members(ws, open_deal) == {other["id"]}
    await ws.admin.delete(path)
    await tenure.settle()
    assert await members(ws, open_deal) == set()


async def test_time_moves_records_at_the_very_instant(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    account = await made(ws, "/v1/accounts", {"name": "Acme"})
    deal = await made(
        ws,
        "/v1/opportunities",
        {
            "name": "Renewal",
            "type": "renewal",
            "account_id": account["id"],
            "contract_expiration": "2026-06-10",
        },
    )
    due = await segment(ws, "expiration within next 90 days", "opportunity")
    holder = await segment(ws, "opportunity.expiration within next 90 days")
    await tenure.settle()
    assert await members(ws, due) == set()

    await tenure.set_clock(ws, datetime(2026, 3, 11, 23, 59, tzinfo=UTC))
    assert await members(ws, due) == set()
    await tenure.set_clock(ws, datetime(2026, 3, 12, 10, 0, tzinfo=UTC))
    assert await members(ws, due) == {deal["id"]}
    assert await members(ws, holder) == {account["id"]}
    # the clock jumps over the end: in between it was a member, and left at midnight
    await tenure.set_clock(ws, datetime(2026, 7, 1, 10, 0, tzinfo=UTC))
    assert await members(ws, due) == set()
    then = datetime(2026, 6, 10, 23, 0, tzinfo=UTC)
    assert await members(ws, due, as_of=then.isoformat()) == {deal["id"]}
    assert await members(ws, due, as_of=(then + timedelta(hours=1)).isoformat()) == set()
    explained = await ws.observer.get(
        f"/v1/segments/{due}/explain", params={"record_id": deal["id"]}
    )
    assert explained.status_code == 200, explained.text
    (stay,) = explained.json()["memberships"]
    assert stay["entered_at"] == "2026-03-12T00:00:00Z"
    assert stay["left_at"] == "2026-06-11T00:00:00Z"
    assert explained.json()["verdict"] is False


async def test_a_person_beats_the_rule_until_cleared(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await made(ws, "/v1/accounts", {"name": "Acme", "arr": 100, "currency": "USD"})
    rich = await segment(ws, "arr > 5")
    await tenure.settle()
    place = f"/v1/segments/{rich}/members/{account['id']}"
    out = await ws.admin.put(place, {"included": False, "note": "Legal."})
    assert out.status_code == 200, out.text
    assert out.json()["member"] is False
    await ws.admin.patch(f"/v1/accounts/{account['id']}", {"arr": 200})
    await tenure.settle()
    assert await members(ws, rich) == set()
    assert (await ws.admin.put(place, {"included": True})).json()["member"] is True
    await ws.admin.patch(f"/v1/accounts/{account['id']}", {"arr": 0})
    await tenure.settle()
    assert await members(ws, rich) == {account["id"]}
    assert (await ws.admin.delete(place)).json()["member"] is False
    assert (await ws.admin.delete(place)).status_code == 404


async def test_an_organization_segment_is_worth_its_accounts(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await made(ws, "/v1/organizations", {"name": "One"})
    for arr, currency in ((100, "USD"), (50, "USD"), (7, "EUR")):
        body = {"name": "A", "arr": arr, "currency": currency, "organization_id": one["id"]}
        await made(ws, "/v1/accounts", body)
    all_of_them = await segment(ws, {"all": []}, "organization")
    await tenure.settle()
    assert (await ws.observer.get(f"/v1/segments/{all_of_them}")).json()["arr"] == [
        {"currency": "EUR", "amount": 7, "records": 1},
        {"currency": "USD", "amount": 150, "records": 2},
    ]


async def test_any_rule_is_explained_on_any_record(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    body = {"name": "R", "type": "renewal", "contract_expiration": "2026-06-10"}
    deal = await made(ws, "/v1/opportunities", body)
    asked = {
        "record_type": "opportunity",
        "rule": 'type = "expansion" or expiration within next 90 days',
        "record_id": deal["id"],
    }
    answer = await ws.observer.post("/v1/rules/explain", asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["verdict"], found["next_check_at"]) == (False, "2026-03-12T00:00:00Z")
    kind, due = found["explanation"]["items"]
    assert kind["actual"] == {"field": "type", "value": "renewal"}
    assert due["actual"] == {
        "field": "contract_expiration",
        "value": "2026-06-10",
        "from": "2026-03-02",
        "to": "2026-05-31",
    }
    faulty = await ws.observer.post("/v1/rules/explain", {**asked, "rule": "tpye is empty"})
    assert faulty.json()["errors"][0]["suggestion"] == "type"
    unknown = await ws.observer.post("/v1/rules/explain", {**asked, "record_type": "spaceship"})
    assert unknown.json()["errors"][0]["code"] == "unknown_record_type"
