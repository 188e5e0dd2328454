"""What health scores give records, kept true."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.accounts_api.records.making import make_trait
from tests.accounts_api.signals.health_scores.making import (
    define,
    definition,
    linear,
    made,
    measure,
    replaced,
    score,
)
from tests.harness import Tenure, Workspace


async def account(ws: Workspace, name: str, **more: Any) -> str:
    return str((await made(ws, "/v1/accounts", {"name": name, "external_id": name, **more}))["id"])


async def health(ws: Workspace, account_id: str) -> tuple[int | None, str | None]:
    answer = await ws.observer.get(
        f"/v1/accounts/{account_id}", params={"fields": "health.score,health.label"}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()["health"]
    return found["score"], found["label"]


async def changed(ws: Workspace, account_id: str, **fields: Any) -> None:
    answer = await ws.admin.patch(f"/v1/accounts/{account_id}", fields)
    assert answer.status_code == 200, answer.text


async def told(ws: Workspace, type_: str) -> list[dict[str, Any]]:
    answer = await ws.admin.get("/v1/events", params={"types": type_, "limit": 100})
    assert answer.status_code == 200, answer.text
    return [event["data"] for event in answer.json()["data"]]


SEATS = measure("seats", "traits.seats", linear(0, 100))


async def test_a_score_follows_what_it_reads(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "mood", "string")
    mood = measure("mood", "traits.mood", {"values": {"happy": 100, "sad": 0}})
    first = await account(ws, "First", traits={"seats": 80, "mood": "happy"})
    empty = await account(ws, "Empty")
    await score(ws)
    await define(ws, definition(SEATS, mood, minimum_weight=50))
    await tenure.settle()
    assert await health(ws, first) == (90, "good")
    assert await health(ws, empty) == (None, None)
    await changed(ws, first, traits={"seats": 0, "mood": "sad"})
    await changed(ws, empty, traits={"seats": 50})
    await tenure.settle()
    assert await health(ws, first) == (0, "poor")
    assert await health(ws, empty) == (50, "fair")
    rows = await ws.observer.get(
        "/v1/accounts",
        params={"filter": 'health.label = "poor"', "sort": "-health.score", "include": "health"},
    )
    [row] = rows.json()["data"]
    [listed] = row["health"]
    assert (row["id"], listed["key"], listed["score"], listed["label"]) == (
        first, "overall", 0, "poor",
    )  # fmt: skip


async def test_the_first_segment_decides_and_a_cap_holds_down(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "legal", "boolean")
    vip = {"title": "VIP", "key": "vip", "record_type": "account", "rule": 'name = "Big"'}
    await made(ws, "/v1/segments", vip)
    big = await account(ws, "Big", traits={"seats": 80})
    small = await account(ws, "Small", traits={"seats": 80})
    await score(ws)
    caps = [{"title": "Legal", "when": "traits.legal = true", "at_most": 10}]
    strict = measure(
        "seats", "traits.seats", {"bands": [{"points": 0}, {"from": 90, "points": 100}]}
    )
    shown = await define(
        ws,
        definition(strict, title="VIP", segment_id="vip"),
        definition(SEATS, caps=caps),
    )
    assert [each["segment_id"] for each in shown["definitions"]] == ["vip", None]
    await tenure.settle()
    assert (await health(ws, big), await health(ws, small)) == ((0, "poor"), (80, "good"))
    await changed(ws, big, name="Not so big")
    await changed(ws, small, traits={"seats": 80, "legal": True})
    await tenure.settle()
    assert (await health(ws, big), await health(ws, small)) == ((80, "good"), (10, "poor"))


async def test_a_churned_account_keeps_its_score_and_an_ignored_one_has_none(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    for status in ("churned", "ignored"):
        rule = {"title": status, "status": status, "rule": f'domain = "{status}.example"'}
        await made(ws, "/v1/lifecycle-rules", rule)
    gone = await account(ws, "Gone", traits={"seats": 80})
    await score(ws)
    await define(ws, definition(SEATS))
    await tenure.settle()
    await changed(ws, gone, domain="churned.example", traits={"seats": 5})
    await tenure.settle()
    await changed(ws, gone, traits={"seats": 7})
    await tenure.settle()
    assert await health(ws, gone) == (80, "good")
    await ws.admin.patch("/v1/health-scores/overall", {"stop_at_churn": False})
    await tenure.settle()
    assert await health(ws, gone) == (7, "poor")
    await changed(ws, gone, domain="ignored.example")
    await tenure.settle()
    assert await health(ws, gone) == (None, None)
    await changed(ws, gone, domain="back.example")
    await tenure.settle()
    assert await health(ws, gone) == (7, "poor")


async def test_days_pass_and_the_score_falls_at_the_very_day(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "met_on", "date")
    bands = {"bands": [{"points": 100}, {"from": 8, "points": 50}, {"from": 31, "points": 0}]}
    met = await account(ws, "Met", traits={"met_on": "2026-03-01"})
    await score(ws)
    await define(ws, definition(measure("met", "days_since(traits.met_on)", bands)))
    await tenure.settle()
    assert await health(ws, met) == (100, "good")
    for at, expected in (
        (datetime(2026, 3, 8, 12, tzinfo=UTC), (100, "good")),
        (datetime(2026, 3, 9, 12, tzinfo=UTC), (50, "fair")),
        (datetime(2026, 3, 31, 12, tzinfo=UTC), (50, "fair")),
        (datetime(2026, 4, 1, 12, tzinfo=UTC), (0, "poor")),
    ):
        await tenure.set_clock(ws, at)
        assert await health(ws, met) == expected, at


async def test_what_people_do_in_the_product_moves_the_score_by_way_of_a_metric_too(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    acme, _ = await account(ws, "Acme"), await account(ws, "Other")
    known = {"event": "login", "groupId": "Other", "messageId": "known"}
    assert (await ws.admin.post("/v1/track", known)).status_code == 200
    metric = {
        "key": "logins",
        "title": "Logins",
        "record_type": "account",
        "numerator": {"source": "events", "events": ["login"], "window_days": 7},
    }
    await made(ws, "/v1/metrics", metric)
    bands = {"bands": [{"points": 100}, {"from": 8, "points": 0}]}
    await score(ws)
    await define(
        ws,
        definition(
            measure("any", "days_since(events any)", bands, when_null=0),
            measure("named", 'days_since(events "Report Exported")', bands, when_null=0),
            measure("logins", "metrics.logins", linear(0, 4), weight=2, when_null=0),
        ),
    )
    await tenure.settle()
    assert await health(ws, acme) == (0, "poor")
    for event, expected in (("login", (38, "poor")), ("Report Exported", (63, "fair"))):
        body = {"event": event, "groupId": "Acme", "messageId": event}
        assert (await ws.admin.post("/v1/track", body)).status_code == 200
        await tenure.settle()
        assert await health(ws, acme) == expected
    await tenure.set_clock(ws, datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert await health(ws, acme) == (0, "poor")


async def test_a_record_that_was_merged_away_loses_its_score_and_what_was_said_of_it(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    winner = await account(ws, "Winner", traits={"seats": 60})
    loser = await account(ws, "Loser", traits={"seats": 20})
    await score(ws)
    await define(ws, definition(SEATS))
    await tenure.settle()
    said = {"score": 3, "reason": "Soon gone.", "expires_at": "2026-05-01T00:00:00Z"}
    override = await ws.leader.put(f"/v1/accounts/{loser}/health/overall/override", said)
    assert override.status_code == 200, override.text
    body = {"loser_id": loser}
    merged = await ws.admin.post(f"/v1/accounts/{winner}/merge", body)
    assert merged.status_code == 200, merged.text
    await tenure.settle()
    assert await health(ws, winner) == (60, "fair")
    [ended] = await told(ws, "health.override_ended")
    assert (ended["record_id"], ended["ended_by"]) == (loser, "deleted")


@pytest.mark.parametrize(
    ("definitions", "faults"),
    [
        ([definition(measure("a", "traits.no", linear(0, 1)))],
         {("/definitions/0/groups/0/measures/0/input", "unknown_input")}),
        ([definition(measure("a", "name", linear(0, 1)))],
         {("/definitions/0/groups/0/measures/0/input", "wrong_type")}),
        ([definition(measure("a", "arr", linear(0, 1)), segment_id="no")],
         {("/definitions/0/segment_id", "unknown_segment")}),
        ([definition(measure("a", "indicators(severity = 4)", linear(0, 1)))],
         {("/definitions/0/groups/0/measures/0/input", "unknown_input")}),
        ([definition(measure("a", "arr", linear(0, 1)), title="A"),
          definition(measure("a", "arr", linear(0, 1)), title="B")],
         {("/definitions/1/segment_id", "segment_not_in_order")}),
        ([definition(measure("a", "rule(nothing = 1)", linear(0, 1)),
                     caps=[{"title": "C", "when": "nothing = 1", "at_most": 5}])],
         {("/definitions/0/groups/0/measures/0/input", "unknown_field"),
          ("/definitions/0/caps/0/when", "unknown_field")}),
        ([definition(measure("a", "health.score", linear(0, 1)))],
         {("/definitions", "rule_cycle")}),
    ],
)  # fmt: skip
async def test_faulty_definitions_are_refused_with_every_fault(
    tenure: Tenure, definitions: list[dict[str, Any]], faults: set[tuple[str, str]]
) -> None:
    ws = await tenure.workspace()
    await score(ws)
    path = "/v1/health-scores/overall/definitions"
    refused = await replaced(ws, *definitions)
    assert refused.status_code == 422, refused.text
    assert {(each["pointer"], each["code"]) for each in refused.json()["errors"]} == faults
    assert (await ws.observer.get(path)).json()["version"] == 1
