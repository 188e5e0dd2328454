"""How what belongs to a record leaves with it: what is told, and what may happen meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from accounts_api.records.cascades import service
from tests.accounts_api.automation.segments.making import members
from tests.accounts_api.records.cascades.worlds import START
from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure, Workspace


async def deal_of(ws: Workspace, account: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {"name": "Renewal", "type": "renewal", "account_id": account["id"]}
    return await make(ws, "opportunities", fields | more)


async def gone(ws: Workspace, path: str) -> bool:
    answer = await ws.admin.get(path)
    assert answer.status_code in {200, 404}
    return answer.status_code == 404 and answer.json()["code"] == "deleted"


async def test_a_deal_goes_at_the_instant_of_its_account_and_says_with_whom(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"title": "All", "record_type": "opportunity", "rule": 'type = "renewal"'}
    segment = await make(ws, "segments", body)
    account = await make(ws, "accounts", {"name": "Acme"})
    deal = await deal_of(ws, account)
    await tenure.settle()
    assert await members(ws, segment["id"]) == {deal["id"]}
    path, account_path = f"/v1/opportunities/{deal['id']}", f"/v1/accounts/{account['id']}"
    assert (await ws.admin.delete(account_path)).status_code == 204
    await tenure.settle()
    assert await members(ws, segment["id"]) == set()
    (left,) = await events_of(tenure, ws, "accounts.segment_left.v1")
    assert (left["record_id"], left["reason"]) == (deal["id"], "deleted")
    (of_deal,), (of_account,) = [
        (await ws.admin.get(f"{one}/history", params={"field": "deleted"})).json()["data"]
        for one in (path, account_path)
    ]
    assert of_deal["valid_from"] == of_account["valid_from"]
    link = {"type": "record", "id": account["id"], "label": "Acme"}
    assert of_deal["cause"][0] == of_account["cause"][0]
    assert {key: of_deal["cause"][-1][key] for key in link} == link
    back = await ws.admin.post(f"{account_path}/undelete")
    assert back.status_code == 200, back.text
    assert not await gone(ws, path)
    told = await events_of(tenure, ws, "accounts.opportunity_changed.v1")
    assert [event["change"] for event in told] == ["created", "deleted", "undeleted"]
    await tenure.settle()
    assert await members(ws, segment["id"]) == {deal["id"]}


async def test_who_is_told_of_a_deletion_in_the_past_tells_it_of_the_deals_too(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    began, left, between = ("2026-01-05T09:00:00Z", "2026-02-05T09:00:00Z", "2026-02-20T09:00:00Z")
    account = await make(ws, "accounts", {"name": "Acme", "effective_at": began})
    early = await deal_of(ws, account, effective_at=began)
    late = await deal_of(ws, account)
    ada = {"name": "Ada", "accounts": [{"account_id": account["id"]}], "effective_at": began}
    contact = await make(ws, "contacts", ada)
    params = {"effective_at": left}
    assert (
        await ws.admin.delete(f"/v1/accounts/{account['id']}", params=params)
    ).status_code == 204
    for when, seen in ((began, True), (between, False)):
        for plural, there in (("opportunities", early), ("contacts", contact)):
            rows = (await ws.admin.get(f"/v1/{plural}", params={"as_of": when})).json()["data"]
            assert {row["id"] for row in rows} == ({there["id"]} if seen else set())
    assert await gone(ws, f"/v1/opportunities/{late['id']}")


async def test_nobody_writes_to_what_left_with_its_account_but_to_move_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    first, second = [await make(ws, "accounts", {"name": name}) for name in ("First", "Second")]
    deal = await deal_of(ws, first, external_id="d")
    path = f"/v1/opportunities/{deal['id']}"
    await ws.admin.delete(f"/v1/accounts/{first['id']}")
    assert (await ws.admin.patch(path, {"name": "B"})).json()["code"] == "deleted"
    assert (await ws.admin.delete(path)).json()["code"] == "deleted"
    refused = await ws.admin.post(f"{path}/undelete")
    assert (refused.status_code, refused.json()["code"]) == (409, "owner_deleted")
    row = {"external_id": "d", "name": "B"}
    (result,) = await bulk(ws, "opportunities", [row])
    assert (result["status"], result["code"]) == ("rejected", "owner_deleted")
    (result,) = await bulk(ws, "opportunities", [{**row, "account_id": first["id"]}])
    assert result["code"] == "owner_deleted"
    new = {"name": "C", "type": "renewal", "account_id": first["id"]}
    answer = await ws.admin.post("/v1/opportunities", new)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_account")
    (result,) = await bulk(ws, "opportunities", [{**row, "account_id": second["id"]}])
    assert result["status"] == "updated"
    assert (await ws.admin.get(path)).json()["account_id"] == second["id"]


async def test_who_is_left_with_deleted_accounts_alone_goes_and_comes_back_with_them(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    first, second = [await make(ws, "accounts", {"name": name}) for name in ("First", "Second")]
    links = [{"account_id": account["id"]} for account in (first, second)]
    contact = await make(ws, "contacts", {"name": "Ada", "accounts": links})
    path = f"/v1/contacts/{contact['id']}"
    await ws.admin.delete(f"/v1/accounts/{second['id']}")
    later = START + timedelta(hours=1)
    await tenure.set_clock(ws, START + timedelta(hours=2))
    assert (await ws.admin.patch(path, {"accounts": links[1:]})).status_code == 200
    assert await gone(ws, path)
    assert (await ws.admin.get("/v1/contacts")).json()["data"] == []
    rows = (await ws.admin.get("/v1/contacts", params={"as_of": later.isoformat()})).json()["data"]
    assert [row["id"] for row in rows] == [contact["id"]], "until then it was of the first one"
    (told,) = (await ws.admin.get(f"{path}/history", params={"field": "deleted"})).json()["data"]
    assert told["cause"][-1]["id"] == second["id"]
    back = await ws.admin.post(f"/v1/accounts/{second['id']}/undelete")
    assert back.status_code == 200, back.text
    assert not await gone(ws, path)


async def test_what_a_person_deleted_comes_back_to_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    winner, loser = [await make(ws, "accounts", {"name": name}) for name in ("Acme", "Acme Inc")]
    deal = await deal_of(ws, loser)
    links = [{"account_id": one["id"]} for one in (winner, loser)]
    contact = await make(ws, "contacts", {"name": "Ada", "accounts": links})
    paths = [f"/v1/opportunities/{deal['id']}", f"/v1/contacts/{contact['id']}"]
    for path in paths:
        assert (await ws.admin.delete(path)).status_code == 204
    body = {"loser_id": loser["id"]}
    assert (await ws.admin.post(f"/v1/accounts/{winner['id']}/merge", body)).status_code == 200
    back = [(await ws.admin.post(f"{path}/undelete")).json() for path in paths]
    assert back[0]["account_id"] == winner["id"]
    assert [link["account_id"] for link in back[1]["accounts"]] == [winner["id"]]


async def test_a_large_account_takes_its_own_along_piece_by_piece(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PIECE", 10)
    ws = await tenure.workspace()
    await bulk(ws, "accounts", [{"external_id": str(n), "name": str(n)} for n in range(25)])
    deals = [
        {"external_id": str(n), "name": "Deal", "type": "renewal"}
        | {"account_external_id": str(n) if n < 25 else "0"}
        for n in range(60)
    ]
    await bulk(ws, "opportunities", deals)

    async def deals_left() -> int:
        answer = await ws.admin.get("/v1/opportunities", params={"count": "exact"})
        count: int = answer.json()["count"]["value"]
        return count

    async def moved(rows: list[dict[str, Any]]) -> None:
        assert {row["status"] for row in await bulk(ws, "accounts", rows)} == {"updated"}

    await moved([{"external_id": "0", "deleted": True}])
    assert await deals_left() == 50
    await moved([{"external_id": "0", "restore": True}])
    await tenure.settle()
    assert await deals_left() == 60, "the last word holds"
    await moved([{"external_id": str(n), "deleted": True} for n in range(25)])
    assert (await ws.admin.get("/v1/status")).json()["due_work"]["records_to_follow"] == 25
    await tenure.settle()
    assert await deals_left() == 0
    assert (await ws.admin.get("/v1/status")).json()["due_work"]["records_to_follow"] == 0
    told = await events_of(tenure, ws, "accounts.opportunity_changed.v1")
    assert sum(event["change"] == "deleted" for event in told) == 60 + 10


async def test_no_deal_stays_behind_that_is_made_meanwhile(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for _ in range(5):
        account = await make(ws, "accounts", {"name": "Acme"})
        body = {"name": "Deal", "type": "renewal", "account_id": account["id"]}
        made = [ws.admin.post("/v1/opportunities", body) for _ in range(6)]
        made.insert(3, ws.admin.delete(f"/v1/accounts/{account['id']}"))
        answers = await asyncio.gather(*made)
        assert {answer.status_code for answer in answers} <= {201, 204, 422}
    assert (await ws.admin.get("/v1/opportunities")).json()["data"] == []


async def test_who_is_at_two_accounts_goes_when_both_go_at_a_time(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for _ in range(5):
        pair = [await make(ws, "accounts", {"name": name}) for name in ("One", "Two")]
        links = [{"account_id": account["id"]} for account in pair]
        contact = await make(ws, "contacts", {"name": "Ada", "accounts": links})
        paths = [f"/v1/accounts/{account['id']}" for account in pair]
        await asyncio.gather(*(ws.admin.delete(path) for path in paths))
        assert await gone(ws, f"/v1/contacts/{contact['id']}")
        await ws.admin.post(f"{paths[0]}/undelete")
        assert not await gone(ws, f"/v1/contacts/{contact['id']}")
