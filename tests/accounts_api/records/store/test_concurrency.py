"""Many at once: what the database decides, and what nobody loses."""

import asyncio

from tests.accounts_api.records.making import bulk, events_of, make
from tests.harness import Tenure


async def test_twenty_creates_of_one_external_id_make_one_account(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    body = {"name": "Acme", "external_id": "a"}
    answers = await asyncio.gather(*(ws.admin.post("/v1/accounts", body) for _ in range(20)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 19
    assert len(await events_of(tenure, ws, "accounts.account_changed.v1")) == 1


async def test_syncs_beside_each_other_upsert_every_row_once(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [{"external_id": f"e{n}", "name": f"N{n}", "arr": n} for n in range(200)]
    shuffled = [rows, rows[::-1], rows[100:] + rows[:100]]
    answers = await asyncio.gather(*(bulk(ws, "accounts", order) for order in shuffled))
    statuses = [result["status"] for results in answers for result in results]
    assert statuses.count("created") == 200
    assert statuses.count("unchanged") == 400
    assert len(await events_of(tenure, ws, "accounts.account_changed.v1")) == 200


async def test_of_two_edits_of_one_version_one_is_kept(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "A", "arr": 0})
    path = f"/v1/accounts/{account['id']}"
    edits = [ws.admin.patch(path, {"arr": n}, if_match='"v1"') for n in range(1, 9)]
    answers = await asyncio.gather(*edits)
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7
    (kept,) = [a.json()["arr"] for a in answers if a.status_code == 200]
    assert (await ws.admin.get(path)).json()["arr"] == kept


async def test_versions_of_events_follow_each_other_without_gaps(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "A"})
    path = f"/v1/accounts/{account['id']}"
    await asyncio.gather(*(ws.admin.patch(path, {"arr": n}) for n in range(30)))
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert sorted(event["version"] for event in told) == list(range(1, len(told) + 1))
    assert told[-1]["record"]["arr"] == (await ws.admin.get(path)).json()["arr"]
