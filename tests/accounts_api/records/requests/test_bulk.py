"""Many rows at once, as a sync sends them."""

from typing import Any

from tests.accounts_api.records.making import bulk, events_of, make, make_trait
from tests.harness import Tenure


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


async def test_rows_are_created_updated_left_alone_or_refused_one_by_one(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "select", options=[{"value": "gold"}])
    first = [{"external_id": f"e{n}", "name": f"N{n}", "arr": n} for n in range(3)]
    assert statuses(await bulk(ws, "accounts", first)) == ["created"] * 3
    results = await bulk(
        ws,
        "accounts",
        [
            {"external_id": "e0", "name": "N0", "arr": 0},
            {"external_id": "e1", "arr": 100},
            {"external_id": "e2", "traits": {"tier": "lead", "x": 1}, "time_zone": "Mars"},
            {"external_id": "e3", "traits": {"tier": "lead", "x": 1}, "name": "N3"},
            {"name": "nobody"},
            "what",
        ],
    )
    assert statuses(results) == ["unchanged", "updated"] + ["rejected"] * 4
    assert results[1]["version"] == 2
    assert [e["pointer"] for e in results[2]["errors"]] == [
        "/rows/2/time_zone",
        "/rows/2/traits/tier",
        "/rows/2/traits/x",
    ]
    assert [e["pointer"] for e in results[3]["errors"]] == [
        "/rows/3/traits/tier",
        "/rows/3/traits/x",
    ]
    assert results[4]["errors"][0]["code"] == "no_identity"
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert len(told) == 4


async def test_two_rows_of_one_record_end_as_one_change(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    results = await bulk(
        ws,
        "accounts",
        [
            {"external_id": "a", "name": "A"},
            {"external_id": "a", "arr": 1},
            {"external_id": "a", "arr": 1},
        ],
    )
    assert statuses(results) == ["created", "updated", "unchanged"]
    assert {result["version"] for result in results} == {1}
    (event,) = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert event["record"]["arr"] == 1


async def test_a_row_may_name_a_record_by_its_id(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "A"})
    foreign = await make(await tenure.workspace("Other"), "accounts", {"name": "B"})
    results = await bulk(
        ws,
        "accounts",
        [{"id": account["id"], "external_id": "now"}, {"id": foreign["id"], "arr": 1}],
    )
    assert statuses(results) == ["updated", "rejected"]
    assert results[1]["code"] == "not_found"
    read = await ws.admin.get("/v1/accounts/by-external-id/now")
    assert read.json()["id"] == account["id"]


async def test_a_sync_does_not_bring_back_what_a_person_deleted(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    (made,) = await bulk(ws, "accounts", [{"external_id": "a", "name": "A"}])
    await ws.admin.delete(f"/v1/accounts/{made['id']}")
    (again,) = await bulk(ws, "accounts", [{"external_id": "a", "arr": 5}])
    assert (again["status"], again["code"]) == ("rejected", "deleted_by_person")
    (restored,) = await bulk(ws, "accounts", [{"external_id": "a", "arr": 5, "restore": True}])
    assert (restored["status"], restored["version"]) == ("updated", 3)
    assert (await ws.admin.get(f"/v1/accounts/{made['id']}")).json()["arr"] == 5


async def test_a_sync_brings_back_what_it_deleted_itself(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    row = {"external_id": "a", "name": "A"}
    await bulk(ws, "accounts", [row])
    gone = await bulk(ws, "accounts", [{**row, "deleted": True}, {**row, "deleted": True}])
    assert statuses(gone) == ["updated", "unchanged"]
    assert statuses(await bulk(ws, "accounts", [{"external_id": "z", "deleted": True}])) == [
        "unchanged"
    ]
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    (back,) = await bulk(ws, "accounts", [row])
    assert back["status"] == "updated"
    told = await events_of(tenure, ws, "accounts.account_changed.v1")
    assert [event["change"] for event in told] == ["created", "deleted", "undeleted"]


async def test_a_merge_at_the_source_is_a_merge_here(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    loser, winner = await bulk(
        ws,
        "accounts",
        [{"external_id": "l", "name": "L", "arr": 5}, {"external_id": "w", "name": "W"}],
    )
    row = {"external_id": "l", "merged_into_external_id": "w"}
    assert statuses(await bulk(ws, "accounts", [row])) == ["updated"]
    assert statuses(await bulk(ws, "accounts", [row])) == ["unchanged"]
    read = await ws.admin.get(f"/v1/accounts/{loser['id']}")
    assert (read.json()["id"], read.json()["arr"]) == (winner["id"], 5)
    (late,) = await bulk(ws, "accounts", [{"external_id": "l", "arr": 9}])
    assert (late["status"], late["code"]) == ("rejected", "merged")
    (lost,) = await bulk(
        ws, "accounts", [{"external_id": "w", "merged_into_external_id": "nowhere"}]
    )
    assert lost["errors"][0]["pointer"] == "/rows/0/merged_into_external_id"


async def test_a_reference_to_a_merged_account_leads_to_its_winner(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    _, winner = await bulk(
        ws, "accounts", [{"external_id": "l", "name": "L"}, {"external_id": "w", "name": "W"}]
    )
    await bulk(ws, "accounts", [{"external_id": "l", "merged_into_external_id": "w"}])
    (made,) = await bulk(
        ws,
        "opportunities",
        [{"external_id": "o", "name": "O", "type": "renewal", "account_external_id": "l"}],
    )
    read = await ws.admin.get(f"/v1/opportunities/{made['id']}")
    assert read.json()["account_id"] == winner["id"]


async def test_five_thousand_rows_are_taken_and_one_more_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [{"external_id": f"e{n}", "name": f"N{n}"} for n in range(5_000)]
    assert set(statuses(await bulk(ws, "organizations", rows))) == {"created"}
    assert set(statuses(await bulk(ws, "organizations", rows))) == {"unchanged"}
    over = await ws.service.post("/v1/organizations/bulk", {"rows": [*rows, rows[0]]})
    assert over.status_code == 422
    none = await ws.service.post("/v1/organizations/bulk", {"rows": []})
    assert none.json()["errors"][0]["pointer"] == "/rows"


async def test_a_dry_run_answers_as_the_write_would_and_stores_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = [
        {"external_id": "a", "name": "A" * 255, "country": "DE"},
        {"external_id": "b", "name": "B" * 256},
        {"external_id": "c", "name": "C", "traits": {"nonsense": 1}},
    ]
    dry = await ws.admin.post("/v1/accounts/bulk", {"rows": rows, "dry_run": True})
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    wet = await ws.admin.post("/v1/accounts/bulk", {"rows": rows})
    for answer in (dry, wet):
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert [row["status"] for row in body["results"]] == ["created", "rejected", "rejected"]
        assert [row["errors"][0]["pointer"] for row in body["results"][1:]] == [
            "/rows/1/name",
            "/rows/2/traits/nonsense",
        ]
