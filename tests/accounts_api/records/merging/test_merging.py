"""What a merge carries over beside fields: the word of a person, parts in accounts, money."""

import asyncio
from typing import Any

from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace


async def made(ws: Workspace, plural: str, **fields: Any) -> dict[str, Any]:
    answer = await ws.admin.post(f"/v1/{plural}", fields)
    assert answer.status_code == 201, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def merged(ws: Workspace, plural: str, winner: str, loser: str) -> dict[str, Any]:
    answer = await ws.admin.post(f"/v1/{plural}/{winner}/merge", {"loser_id": loser})
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def test_whom_a_person_put_in_or_out_of_a_segment_stays_so_as_the_winner(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    large = await made(ws, "segments", title="Large", record_type="account", rule="arr > 1000")
    named = await made(ws, "segments", title="Named", record_type="account", rule="any of ()")
    winner = await made(ws, "accounts", name="Acme", arr=5_000, currency="USD")
    loser = await made(ws, "accounts", name="Acme Inc", arr=2_000, currency="USD")
    for segment, account, included in (
        (large, loser, False),
        (named, loser, True),
        (named, winner, False),
    ):
        path = f"/v1/segments/{segment['id']}/members/{account['id']}"
        told = {"included": included, "note": "said by hand"}
        assert (await ws.admin.put(path, told)).status_code == 200
    await tenure.settle()
    await merged(ws, "accounts", winner["id"], loser["id"])
    await tenure.settle()
    for segment in (large, named):
        members = await ws.admin.get(f"/v1/segments/{segment['id']}/members")
        assert members.json()["data"] == []
        path = f"/v1/segments/{segment['id']}/explain?record_id={winner['id']}"
        override = (await ws.admin.get(path)).json()["override"]
        assert (override["included"], override["note"]) == (False, "said by hand")
    path = f"/v1/segments/{large['id']}/members/{winner['id']}"
    assert (await ws.admin.delete(path)).json()["member"] is True


async def test_a_contact_of_both_accounts_has_both_parts_in_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    winner = await made(ws, "accounts", name="Acme")
    loser = await made(ws, "accounts", name="Acme Inc")
    links = [
        {"account_id": winner["id"], "plan_roles": ["Decision Maker"]},
        {"account_id": loser["id"], "plan_roles": ["Champion", "Decision Maker"]},
    ]
    contact = await made(ws, "contacts", email="ada@acme.example", accounts=links)
    double = await made(ws, "contacts", email="a.l@acme.example", accounts=links[1:])
    await merged(ws, "accounts", winner["id"], loser["id"])
    kept = (await ws.admin.get(f"/v1/contacts/{contact['id']}")).json()["accounts"]
    both = ["Decision Maker", "Champion"]
    assert kept == [{"account_id": winner["id"], "plan_roles": both}]
    one = await merged(ws, "contacts", double["id"], contact["id"])
    assert one["accounts"] == [
        {"account_id": winner["id"], "plan_roles": ["Champion", "Decision Maker"]}
    ]


async def test_an_amount_is_taken_with_its_own_currency(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for mine, theirs, ends in (
        ((None, "USD"), (2_000, "EUR"), (2_000, "EUR")),
        ((50, None), (2_000, "EUR"), (50, "USD")),
        ((50, "USD"), (2_000, "EUR"), (50, "USD")),
        ((None, None), (None, "EUR"), (None, "EUR")),
    ):
        winner = await made(ws, "accounts", name="Acme", arr=mine[0], currency=mine[1])
        loser = await made(ws, "accounts", name="Acme Inc", arr=theirs[0], currency=theirs[1])
        one = await merged(ws, "accounts", winner["id"], loser["id"])
        assert (one["arr"], one["currency"]) == ends


async def test_of_two_merges_at_once_neither_leads_to_a_record_that_is_gone(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    threes = [[(await made(ws, "accounts", name=name))["id"] for name in "abc"] for _ in range(4)]
    answers = await asyncio.gather(
        *[
            ws.admin.post(f"/v1/accounts/{winner}/merge", {"loser_id": loser})
            for a, b, c in threes
            for winner, loser in ((b, a), (c, b))
        ]
    )
    for (a, b, c), first, second in zip(threes, answers[::2], answers[1::2], strict=True):
        assert second.status_code == 200, second.text
        assert first.status_code in {200, 404}, first.text
        last = c if first.status_code == 200 else a
        for loser, leads_to in ((a, last), (b, c)):
            read = await ws.admin.get(f"/v1/accounts/{loser}")
            assert read.json()["id"] == leads_to, read.text


async def test_traits_that_name_the_loser_name_the_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "sponsor", "contact")
    await make_trait(ws, "account", "first_sponsor", "contact")
    await make_trait(ws, "contact", "assistant", "contact")
    loser = await made(ws, "contacts", email="a.l@acme.example")
    winner = await made(ws, "contacts", email="ada@acme.example", traits={"assistant": loser["id"]})
    both = {"sponsor": loser["id"], "first_sponsor": loser["id"]}
    living = await made(ws, "accounts", name="Acme", traits=both)
    gone = await made(ws, "accounts", name="Beta", traits=both)
    other = await made(ws, "accounts", name="Gamma", traits={"sponsor": winner["id"]})
    assert (await ws.admin.delete(f"/v1/accounts/{gone['id']}")).status_code == 204
    deprecated = await ws.admin.patch("/v1/traits/account.first_sponsor", {"deprecated": True})
    assert deprecated.status_code == 200, deprecated.text
    merged_one = await merged(ws, "contacts", winner["id"], loser["id"])
    assert merged_one["traits"] == {"assistant": winner["id"]}
    assert (await ws.admin.post(f"/v1/accounts/{gone['id']}/undelete")).status_code == 200
    renamed = {"sponsor": winner["id"], "first_sponsor": winner["id"]}
    for account in (living, gone):
        found = (await ws.admin.get(f"/v1/accounts/{account['id']}")).json()
        assert found["traits"] == renamed
    late = await ws.admin.patch(f"/v1/accounts/{other['id']}", {"traits": {"sponsor": loser["id"]}})
    assert late.json()["traits"] == {"sponsor": winner["id"]}
    assert late.json()["version"] == other["version"]
    history = (await ws.admin.get(f"/v1/accounts/{living['id']}/history")).json()["data"]
    assert {"traits.sponsor", "traits.first_sponsor"} <= {one["field"] for one in history[:2]}
